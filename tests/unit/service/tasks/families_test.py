"""What the sections of tasks share: names of data sets, patches, sides."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from service.tasks.classification import ClassificationTask
from service.tasks.denoising import DenoisingTask


def labelled(**given: Any) -> ClassificationTask:
    return ClassificationTask.model_validate({"kind": "classification", **given})


def patches(**given: Any) -> DenoisingTask:
    return DenoisingTask.model_validate({"kind": "denoising", **given})


@pytest.mark.parametrize("name", ["digits", "stored:12", "own-set", "a.b_c", "hub:Some-1.x"])
def test_sets_are_named_by_words_with_an_argument(name: str) -> None:
    assert labelled(dataset=name).dataset == name


@pytest.mark.parametrize(
    "name", ["", "Digits", "1st", "../x", "a/b", "a b", "stored:", "a:b:c", "a:../x", "a" * 201]
)
def test_a_name_that_could_be_a_path_is_none(name: str) -> None:
    with pytest.raises(ValidationError, match="dataset"):
        labelled(dataset=name)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"patch_px": 15}, "patch_px"),
        ({"patch_px": 129}, "patch_px"),
        ({"n_patches": 0}, "n_patches"),
        ({"n_patches": 1_000_001}, "n_patches"),
        ({"size_px": 32}, "size_px"),  # of whole samples alone
    ],
)
def test_patches_have_their_bounds(given: dict[str, Any], field: str) -> None:
    assert patches(patch_px=16, n_patches=1).patch_px == 16
    with pytest.raises(ValidationError, match=field):
        patches(**given)


def test_whole_samples_have_a_side_or_none() -> None:
    assert labelled().size_px is None
    assert labelled(size_px=8).size_px == 8
    for size_px in (7, 1025):
        with pytest.raises(ValidationError, match="size_px"):
            labelled(size_px=size_px)
