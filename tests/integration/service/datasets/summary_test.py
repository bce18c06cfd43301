"""Counts and warnings of a stored set."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.datasets import making
from tests.support.datasets.importing import Import


def test_warnings_name_what_is_wrong(imported: Import) -> None:
    files = making.class_files(12, ("cat", "dog"))
    files |= {f"fish/{index}.png": making.image(900 + index) for index in range(200)}
    files["fish/twin.png"] = files["cat/00.png"]
    files["README.txt"] = b"hello"
    found, _ = imported(making.zipped(files))
    text = " ".join(found.warnings)
    assert "fish has 201 samples, cat has 12" in text
    assert "Fewer than 10 training samples: cat, dog" in text
    assert "README.txt" in text
    assert "cat/00.png" in text or "within a split" in text


def test_one_file_is_not_many(imported: Import) -> None:
    files = making.class_files(100) | {"cat/.DS_Store": b"x"}
    found, _ = imported(making.zipped(files))
    (warning,) = found.warnings
    assert warning == "1 file of systems and programs, such as thumbnails, was passed over."


@pytest.mark.parametrize(("n_groups", "is_warned"), [(9, True), (10, False)])
def test_few_groups_in_a_test_split_are_said(
    imported: Import, n_groups: int, is_warned: bool
) -> None:
    groups = [
        f"{split}{i % n}"
        for split, n in (("t", 40), ("v", 40), ("j", n_groups))
        for i in range(40)
    ]
    splits = ["train"] * 40 + ["validation"] * 40 + ["test"] * 40
    x = making.pixels(0, (120, 8, 8))
    found, _ = imported(making.npz(x=x, y=np.arange(120) % 2, groups=groups, splits=splits))
    said = (
        "The test split has 40 samples of 9 groups: with fewer than 10 no interval over its "
        "samples is given."
    )
    assert (said in found.warnings) is is_warned


def test_a_small_clean_set_is_told_to_be_small_alone(imported: Import) -> None:
    found, _ = imported(making.zipped(making.class_files(100)))
    assert found.warnings == []
