"""Multi-label classification answers yes or no for each label."""

from __future__ import annotations

import pytest

from service import networks
from service.errors import InvalidSpecError
from service.tasks.multilabel import INFO
from tests.support.tasks import MANIFESTS, job


@pytest.mark.parametrize("name", MANIFESTS)
def test_it_takes_sets_with_labels(name: str) -> None:
    assert (INFO.misfit(MANIFESTS[name]) is None) is (name == "multilabel")


def test_it_has_an_output_for_each_label() -> None:
    assert INFO.n_outputs(MANIFESTS["multilabel"]) == 4


def test_a_job_of_it_trains_a_classifier_whose_labels_are_not_smoothed() -> None:
    spec = job("multilabel")
    assert spec.network is not None
    assert "multilabel" in networks.describe(spec.network.kind).tasks
    with pytest.raises(InvalidSpecError, match="label_smoothing"):
        job("multilabel", training={"label_smoothing": 0.1})
