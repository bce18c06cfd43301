"""Segmentation takes pairs whose targets are masks, and answers a class for each pixel."""

from __future__ import annotations

import pytest

from service.errors import InvalidSpecError
from service.tasks.segmentation import INFO
from tests.support.tasks import MANIFESTS, job


@pytest.mark.parametrize("name", MANIFESTS)
def test_it_takes_masks(name: str) -> None:
    assert (INFO.misfit(MANIFESTS[name]) is None) is (name == "masks")


def test_pairs_of_images_are_no_masks() -> None:
    reason = "has pairs of images: segmentation needs masks of class numbers"
    assert INFO.misfit(MANIFESTS["pairs"]) == reason


def test_it_has_an_output_for_each_class_of_its_masks() -> None:
    assert INFO.n_outputs(MANIFESTS["masks"]) == 5


def test_a_job_of_it_trains_a_unet_whose_labels_may_be_smoothed() -> None:
    spec = job("segmentation", training={"label_smoothing": 0.1})
    assert spec.network is not None
    assert spec.network.kind == "unet"
    with pytest.raises(InvalidSpecError, match="does not fit segmentation"):
        job("segmentation", network={"kind": "vgg"})


def test_its_example_is_a_job() -> None:
    assert INFO.example is not None
    _, body = INFO.example
    assert job("segmentation", **body).task.kind == "segmentation"
