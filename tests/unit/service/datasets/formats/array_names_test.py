"""Arrays are known by our names and by those of well-known sets."""

from __future__ import annotations

import io

import pytest

from service.datasets.formats.array_names import arrays_in, parts_of
from service.datasets.sources.entries import SourceEntry
from service.errors import InvalidDatasetError


def entries(*names: str) -> list[SourceEntry]:
    return [SourceEntry(name, 1, io.BytesIO) for name in names]


def found(*names: str) -> dict[str | None, list[str]]:
    return {part.split: sorted(part.arrays) for part in parts_of(entries(*names))}


def test_names_of_all_samples() -> None:
    assert found("x.npy", "y.npy") == {None: ["inputs", "labels"]}
    assert found("Images.npy", "label.npy", "groups.npy") == {None: ["groups", "inputs", "labels"]}


def test_names_of_medmnist_and_keras() -> None:
    both = {"train": ["inputs", "labels"], "test": ["inputs", "labels"]}
    assert (
        found("train_images.npy", "train_labels.npy", "test_images.npy", "test_labels.npy") == both
    )
    assert found("x_train.npy", "y_train.npy", "x_test.npy", "y_test.npy") == both
    assert list(found("x_test.npy", "x_val.npy", "x_train.npy", "classes.npy")) == [
        "train", "validation", "test", None
    ]  # fmt: skip


def test_arrays_may_lie_in_a_folder_with_notes() -> None:
    assert [e.name for e in arrays_in(entries("set/x.npy", "set/y.npy", "README"))] == [
        "x.npy", "y.npy"
    ]  # fmt: skip


@pytest.mark.parametrize("names", [("a/x.npy", "b/x.npy"), ("x.npy", "1.png"), ("README.md",), ()])
def test_other_files_are_no_arrays(names: tuple[str, ...]) -> None:
    assert arrays_in(entries(*names)) == []


@pytest.mark.parametrize(
    ("names", "reason"),
    [(("x.npy", "z.npy"), "is unknown: use inputs"), (("x.npy", "inputs.npy"), "another name")],
)
def test_unknown_and_double_names_are_refused(names: tuple[str, ...], reason: str) -> None:
    with pytest.raises(InvalidDatasetError, match=reason):
        parts_of(entries(*names))
