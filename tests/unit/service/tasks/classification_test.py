"""Classification takes labelled sets, and answers a class for each sample."""

from __future__ import annotations

import pytest

from service import networks
from service.errors import InvalidSpecError
from service.tasks.classification import INFO
from tests.support.tasks import MANIFESTS, job

SMOOTHED = {"label_smoothing": 0.1}


@pytest.mark.parametrize("name", MANIFESTS)
def test_it_takes_sets_with_one_class_for_each_sample(name: str) -> None:
    assert (INFO.misfit(MANIFESTS[name]) is None) is (name == "labelled")


def test_it_has_an_output_for_each_class() -> None:
    assert INFO.n_outputs(MANIFESTS["labelled"]) == 2


def test_a_job_of_it_trains_a_classifier_whose_labels_may_be_smoothed() -> None:
    spec = job("classification", training=SMOOTHED)
    assert spec.network is not None
    assert "classification" in networks.describe(spec.network.kind).tasks
    with pytest.raises(InvalidSpecError, match="does not fit classification"):
        job("classification", network={"kind": "dncnn"})
