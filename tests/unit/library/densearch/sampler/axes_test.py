"""Shares of [0, 1], held against the axes of `service.studies.search_space`."""

from __future__ import annotations

import pytest

from densearch.sampler import AxisKind
from densearch.sampler.axes import middle, share_of, snapped
from service.studies.search_space import CategoryAxis, IntegerAxis


@pytest.mark.parametrize("n_values", [1, 2, 3, 7, 49, 100, 1000])
def test_a_middle_is_read_back_as_its_value(n_values: int) -> None:
    numbers = IntegerAxis("width", 5, 4 + n_values)
    choices = CategoryAxis("optimizer", tuple(range(n_values)))
    for index in range(n_values):
        u = middle(index, n_values)
        assert share_of(u, n_values) == index
        assert numbers.value(u) == 5 + index
        assert choices.value(u) == index


def test_points_snap_to_middles_and_keep_real_coordinates() -> None:
    axes = (AxisKind(), AxisKind(4), AxisKind(2, is_ordered=False))
    assert snapped((0.3, 0.3, 1.0), axes) == (0.3, 0.375, 0.75)
    assert snapped((0.3, 0.375, 0.75), axes) == (0.3, 0.375, 0.75)


def test_the_share_of_any_coordinate_is_that_of_the_space() -> None:
    choices = CategoryAxis("optimizer", ("a", "b", "c"))
    for k in range(101):
        assert choices.choices[share_of(k / 100, 3)] == choices.value(k / 100)
