"""Labels in every shape and type are classes or several labels, or refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from service.datasets.formats.array_labels import labels_of
from service.errors import InvalidDatasetError


@pytest.mark.parametrize(
    "given",
    [
        [0, 1, 2, 1],
        [0.0, 1.0, 2.0, 1.0],
        [[0], [1], [2], [1]],
        [[[0]], [[1]], [[2]], [[1]]],
        [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 0]],
        [[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 0]],
        ["0", "1", "2", "1"],
        [b"0", b"1 ", b"2", b"1"],
    ],
)
def test_they_mean_the_same_classes(given: Any) -> None:  # noqa: ANN401 - any array
    found = labels_of(np.array(given), [])
    assert (found.kind, found.values.tolist(), found.classes) == (
        "labelled", [0, 1, 2, 1], ["0", "1", "2"]
    )  # fmt: skip
    is_one_hot = np.ndim(given) == 2 and np.shape(given)[1] == 3
    assert bool(found.notes) is is_one_hot


def test_several_labels_stay_several() -> None:
    given = np.array([[True, True], [False, True], [False, False]])
    found = labels_of(given, ["a", "b"])
    assert (found.kind, found.classes, found.notes) == ("multilabel", ["a", "b"], ())
    assert found.values.tolist() == [[1, 1], [0, 1], [0, 0]]


def test_names_of_classes_are_looked_up_in_their_order() -> None:
    found = labels_of(np.array(["dog", "cat"]), ["dog", "cat", "bird"])
    assert (found.values.tolist(), found.classes) == ([0, 1], ["dog", "cat", "bird"])


@pytest.mark.parametrize(
    ("given", "names", "reason"),
    [
        ([0.5, 1], [], "holds 0.5"),
        ([np.nan, 1], [], "holds nan"),
        ([1e300, 1], [], "out of range"),
        ([0, 2], [], "only 2 of the classes 0 to 2"),
        ([-1, 0], [], "-1 is out of range"),
        ([0, 2], ["a", "b"], "2 is out of range"),
        (["cat", "cow"], ["cat", "dog"], "'cow' is none of the classes"),
        ([[0, 2], [1, 1]], [], "0 and 1"),
        ([[1, 0], [0, 1]], ["a"], "names 1 classes, there are 2"),
        ([[["a"]], [["b"]]], ["a", "b", "c"], None),
    ],
)
def test_what_they_cannot_be(given: Any, names: list[str], reason: str | None) -> None:  # noqa: ANN401
    if reason is None:
        assert labels_of(np.array(given), names).kind == "labelled"
        return
    with pytest.raises(InvalidDatasetError, match=reason):
        labels_of(np.array(given), names)
