"""The faults of many cells as one list."""

from __future__ import annotations

from typing import Any

import pytest

from service.campaigns import faults
from service.campaigns.matrix import cells_of
from service.errors import Fault

MATRIX: dict[str, list[Any]] = {
    "training.lr": [0.1, -1.0],
    "density": [{"family": "full"}, {"family": "x"}],
    "seed": [0, 1],
}
CELLS = cells_of(MATRIX)


@pytest.mark.parametrize(
    ("pointer", "cell", "expected"),
    [
        ("/training/lr", 0, "/matrix/training.lr/0"),
        ("/training/lr", 7, "/matrix/training.lr/1"),
        ("/training", 0, "/base/training"),
        ("/density/family", 2, "/matrix/density/1/family"),
        ("/densities", 2, "/base/densities"),
        ("", 0, "/base"),
    ],
)
def test_a_pointer_leads_into_the_request(pointer: str, cell: int, expected: str) -> None:
    base = {"training": {"lr": 1.0}, "densities": 1, "density": {}}
    (found,) = faults.listed({cell: [Fault(pointer, "is odd")]}, CELLS, MATRIX, base)
    assert found.pointer == expected
    assert found.detail.endswith("): is odd")


@pytest.mark.parametrize(
    ("pointer", "base", "expected"),
    [
        ("/training", {}, ("/matrix/training.lr/1", "training is odd")),
        ("/training/epochs", {}, ("/matrix/training.lr/1", "training.epochs is odd")),
        ("/training/epochs", {"training": {"lr": 1.0}}, ("/base/training/epochs", "is odd")),
        ("/training/lr", {}, ("/matrix/training.lr/1", "is odd")),
        ("/network", {"task": {}}, ("/base/network", "is odd")),
    ],
)
def test_a_fault_of_a_section_that_the_matrix_alone_makes_stands_at_its_axis(
    pointer: str, base: dict[str, Any], expected: tuple[str, str]
) -> None:
    (found,) = faults.listed({7: [Fault(pointer, "is odd")]}, CELLS, MATRIX, base)
    assert (found.pointer, found.detail.rpartition("): ")[2]) == expected


def test_a_fault_that_cells_share_is_listed_once_with_all_of_them() -> None:
    found = {index: [Fault("/training/lr", "is below 0")] for index in (4, 5, 7)}
    found[0] = [Fault("/task", "is missing")]
    assert faults.listed(found, CELLS, MATRIX, {}) == [
        Fault(
            "/matrix/training.lr/1",
            'cells 4 to 5, 7 (the first: lr -1.0, density {"family": "full"}, seed 0): is below 0',
        ),
        Fault(
            "/base/task",
            'cell 0 (lr 0.1, density {"family": "full"}, seed 0): is missing',
        ),
    ]


def test_the_list_is_bounded() -> None:
    matrix = {"seed": list(range(1000))}
    cells = cells_of(matrix)
    found = {index: [Fault("/seed", "is odd")] for index in range(1000)}
    shown = faults.listed(found, cells, matrix, {})
    assert len(shown) == faults.MOST_LISTED + 1
    assert shown[-1] == Fault("", "and 900 more faults of other kinds")
    same = {index: [Fault("/task", "is missing")] for index in range(0, 1000, 2)}
    (one,) = faults.listed(same, cells, matrix, {})
    assert "488 more ranges" in one.detail
    assert len(one.detail) < 200


def test_neighbours_are_joined_to_ranges() -> None:
    assert faults.ranges_of([5, 1, 2, 3, 9]) == [(1, 3), (5, 5), (9, 9)]


def test_a_fault_does_not_repeat_a_large_value() -> None:
    matrix: dict[str, list[Any]] = {"seed": [0, 1], "warm_start": [{"vectors": [[0.1] * 5000]}]}
    (one,) = faults.listed({1: [Fault("/task", "is missing")]}, cells_of(matrix), matrix, {})
    assert one.detail.startswith('cell 1 (seed 1, warm_start {"vectors": [[0.1, 0.1')
    assert one.detail.endswith("...): is missing")
    assert len(one.detail) < faults.MOST_LABEL + 50


def test_each_value_is_read_as_often_as_the_cells_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    read = []

    def counted(value: object) -> str:
        read.append(value)
        return str(value)

    monkeypatch.setattr(faults, "same_text", counted)
    matrix = {"seed": list(range(500))}
    found = {index: [Fault(f"/seed/{n}", "is odd") for n in range(20)] for index in range(500)}
    faults.listed(found, cells_of(matrix), matrix, {})
    assert len(read) == 500 + 500  # the axis, and each cell


def test_cells_of_an_extension_have_their_numbers_in_the_campaign() -> None:
    shared = {index: [Fault("/task", "is odd")] for index in (0, 1)}
    (found,) = faults.listed(shared, CELLS, MATRIX, {}, first=8)
    assert found.detail.startswith("cells 8 to 9 (the first: lr 0.1, ")
