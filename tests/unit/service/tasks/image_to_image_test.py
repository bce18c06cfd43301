"""Image to image takes pairs, and gives back the channels of their targets."""

from __future__ import annotations

import pytest

from service import networks
from service.errors import InvalidSpecError
from service.tasks.image_to_image import INFO
from tests.support.tasks import MANIFESTS, job


@pytest.mark.parametrize("name", MANIFESTS)
def test_it_takes_pairs(name: str) -> None:
    assert (INFO.misfit(MANIFESTS[name]) is None) is (name in {"pairs", "masks"})


def test_it_has_an_output_for_each_channel_of_a_target() -> None:
    assert INFO.n_outputs(MANIFESTS["pairs"]) == 2


def test_a_job_of_it_trains_a_network_that_answers_images() -> None:
    spec = job("image_to_image")
    assert spec.network is not None
    assert networks.describe(spec.network.kind) in networks.fitting("image_to_image")
    with pytest.raises(InvalidSpecError, match="does not fit image_to_image"):
        job("image_to_image", network={"kind": "small_cnn"})
