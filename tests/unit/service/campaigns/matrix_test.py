"""The cells of a matrix: their settings, their specs, their names."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import pytest

from service.campaigns import matrix

BASE = {"training": {"lr": 0.1}, "samplers": [{"name": "grid"}, "random"], "search": None}


def test_the_last_axis_changes_first() -> None:
    cells = matrix.cells_of({"seed": [0, 1], "network.width": [8, 16, 32]})
    assert [(c["seed"], c["network.width"]) for c in cells] == [*product([0, 1], [8, 16, 32])]
    assert matrix.n_cells({"seed": [0, 1], "network.width": [8, 16, 32]}) == len(cells)


def test_a_huge_product_is_counted_without_its_cells() -> None:
    assert matrix.n_cells({str(axis): list(range(100)) for axis in range(10)}) == 100**10


def test_a_cell_changes_a_copy_of_the_base() -> None:
    settings = {"training.lr": 0.2, "network.width": 8, "samplers.0.batch_size": 2}
    body = matrix.body_of("data", BASE, settings)
    assert body == {
        "name": "data: lr 0.2, width 8, batch_size 2",
        "training": {"lr": 0.2},
        "network": {"width": 8},
        "samplers": [{"name": "grid", "batch_size": 2}, "random"],
        "search": None,
    }
    assert BASE["training"] == {"lr": 0.1}


def test_a_value_of_a_cell_is_not_shared_by_others() -> None:
    values = {"bounds": [[0.0, 2.0]]}
    first, second = (matrix.body_of("x", {}, {"density": values}) for _ in range(2))
    first["density"]["bounds"].append([0.0, 1.0])
    assert second["density"] == values == {"bounds": [[0.0, 2.0]]}


def test_a_name_is_cut_to_what_a_name_may_have() -> None:
    name = matrix.job_name("n" * 200, {"seed": 0})
    assert name == "n" * 200
    assert len(matrix.job_name("n" * 150, {"network.kernel_size": list(range(40))})) <= 200


def test_settings_that_end_alike_are_called_by_their_whole_path() -> None:
    settings = {"samplers.0.name": "grid", "controls.0.name": "flat", "seed": 1}
    assert matrix.label_of(settings) == "samplers.0.name grid, controls.0.name flat, seed 1"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("learning", "no such field"),
        ("name", "names the jobs"),
        ("training..lr", "is no path"),
        (".seed", "is no path"),
        ("training.lr.low", "there is no training.lr.low: .* a value without fields"),
        ("samplers.2.name", "there is no samplers.2: .* a list of 2"),
        ("samplers.1.name", "there is no samplers.1.name: .* a value without fields"),
        ("samplers.-1.name", "there is no samplers.-1"),
        ("samplers.00.name", "there is no samplers.00"),
        ("search.lr", "there is no search.lr"),
        ("a." * 20 + "b", "is no path"),
    ],
)
def test_a_path_that_leads_nowhere_is_refused(path: str, message: str) -> None:
    (fault,) = matrix.faults(BASE, {path: [1]})
    assert fault.pointer == f"/matrix/{path}"
    assert re.search(message, fault.detail)


def test_an_axis_inside_another_is_refused() -> None:
    (fault,) = matrix.faults({}, {"training": [{"lr": 0.1}], "training.lr": [0.2]})
    assert fault.pointer == "/matrix/training.lr"
    assert "part of training" in fault.detail


@pytest.mark.parametrize(
    ("values", "index"),
    [
        ([1, 2, 1], 2),
        ([1, 1.0], 1),
        ([{"a": 1, "b": 2}, {"b": 2, "a": 1}], 1),
        ([1, True], None),
        (["1", 1, None], None),
        ([0.1, 0.2], None),
    ],
)
def test_a_value_that_an_axis_has_already_is_found(values: list[Any], index: int | None) -> None:
    assert matrix.repeats(values) == index
    pointers = [fault.pointer for fault in matrix.faults({}, {"seed": values})]
    assert pointers == ([] if index is None else [f"/matrix/seed/{index}"])
