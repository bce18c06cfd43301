"""The registered protocol: every spec is one that the server takes, and asks the question."""

from __future__ import annotations

from typing import Any

import pytest

from api.evidence.protocol import TEXT, Cell, Mode, cells_of
from service.validation import parse

MODES: tuple[Mode, ...] = ("quick", "full")
CELLS = [(mode, cell) for mode in MODES for cell in cells_of(mode)]
# What the server fills in of the sets that are stored.
DATA: dict[str, dict[str, Any]] = {
    "fashion-mnist": {"n_outputs": 10, "size_px": 28, "n_training": 58000, "least_n_train": 10},
    "aeon:ItalyPowerDemand": {"n_dims": 1, "n_outputs": 2, "size_px": 24, "n_training": 45},
    "aeon:OSULeaf": {"n_dims": 1, "n_outputs": 6, "size_px": 427, "n_training": 134},
    "aeon:JapaneseVowels_eq": {
        "n_dims": 1, "n_channels": 12, "n_outputs": 9, "size_px": 25, "n_training": 180
    },
}  # fmt: skip
ids = [f"{mode}-{cell.name}" for mode, cell in CELLS]


@pytest.mark.parametrize(("mode", "cell"), CELLS, ids=ids)
def test_a_spec_is_taken_and_has_the_nested_arms_in_planned_looks(mode: Mode, cell: Cell) -> None:
    body = cell.spec_on(7 if cell.data else None)
    if cell.data is not None:
        assert body["task"]["dataset"] == "stored:7"
        body["task"] = {**body["task"], "data": DATA[cell.data]}
    spec = parse.parse(body)
    assert [one.name for one in spec.controls] == [
        "uniform", "uniform_tuned", "flat_tuned", "density_tuned"
    ]  # fmt: skip
    assert spec.evaluation.looks == ([5, 10] if mode == "quick" else [5, 10, 20])
    assert body["network"]["kernel_size"] == cell.kernel_size
    assert spec.density is not None
    n_values = len(spec.density.bounds or [])
    assert spec.budget.n_trials == n_values * (8 if mode == "quick" else 16)
    assert spec.fidelity is not None
    assert cell.name.endswith(f"-k{cell.kernel_size}")


@pytest.mark.parametrize("mode", MODES)
def test_cells_have_names_of_their_own_and_a_source_has_one_name(mode: Mode) -> None:
    cells = cells_of(mode)
    assert len({cell.name for cell in cells}) == len(cells)
    by_data = {cell.data: cell.split for cell in cells if cell.data}
    assert len({*by_data.values()}) == len(by_data)


def test_quick_has_at_least_four_tasks() -> None:
    assert len({cell.task for cell in cells_of("quick") if cell.data is None}) >= 4


def test_the_text_is_registered_with_the_specs() -> None:
    text = TEXT.read_text(encoding="utf-8")
    assert all(f"specs/{mode}.json" in text for mode in MODES)
