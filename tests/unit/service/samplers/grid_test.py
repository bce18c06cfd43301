"""Grids against products of levels written down by hand."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from densearch.sampler import AxisKind, Entry, StudyPlan
from service.samplers import create
from service.samplers.grid import first_levels

REAL = AxisKind()


def points(study: StudyPlan) -> list[tuple[float, ...]]:
    """Every point of a study of at most 256 trials more than it has at once."""
    sampler, log = create("grid", study), list[Entry]()
    while not (plan := sampler.plan(log)).is_finished:
        log += [Entry(proposal.point, 0.0, proposal.number) for proposal in plan.proposals]
    return [entry.point for entry in log]


@pytest.mark.parametrize(
    ("axes", "n_trials", "n_levels"),
    [
        ((REAL,) * 2, 25, 5),
        ((REAL,) * 2, 26, 6),
        ((REAL,) * 3, 1, 1),
        ((REAL,), 7, 7),
        ((REAL,) * 8, 257, 3),
        ((REAL, AxisKind(3)), 12, 4),
        ((REAL, AxisKind(3, is_ordered=False)), 6, 2),
        ((AxisKind(2), AxisKind(3)), 100, 3),
    ],
)
def test_the_fewest_levels_that_suffice(
    axes: tuple[AxisKind, ...], n_trials: int, n_levels: int
) -> None:
    assert first_levels(axes, n_trials) == n_levels


def test_a_full_grid_is_the_product_of_middles() -> None:
    middles = [0.1, 0.3, 0.5, 0.7, 0.9]
    assert sorted(points(StudyPlan(2, 25, 3))) == list(product(middles, middles))


def test_a_part_of_a_grid_has_no_point_twice_and_spreads() -> None:
    found = points(StudyPlan(2, 82, 3))  # of 100
    assert len(set(found)) == 82
    for axis in (0, 1):
        counts = [sum(p[axis] == (i + 0.5) / 10 for p in found) for i in range(10)]
        assert sum(counts) == 82
        assert min(counts) >= 6


def test_a_raised_budget_goes_on_in_a_grid_three_times_as_fine() -> None:
    coarse, fine = StudyPlan(2, 9, 1), StudyPlan(2, 81, 1, n_first=9)
    found = points(fine)
    assert found[:9] == points(coarse)
    middles = [(i + 0.5) / 9 for i in range(9)]
    np.testing.assert_allclose(sorted(found), list(product(middles, middles)))
    assert len(set(found)) == 81


def test_discrete_axes_show_values_and_categories_all_of_them() -> None:
    axes = (REAL, AxisKind(100), AxisKind(4, is_ordered=False))
    found = points(StudyPlan(3, 16, 1, axes=axes))
    assert {p[0] for p in found} == {0.25, 0.75}
    assert {p[1] for p in found} == {0.255, 0.755}  # the values 25 and 75 of 0 to 99
    assert {p[2] for p in found} == {0.125, 0.375, 0.625, 0.875}
    assert len(set(found)) == 16


def test_a_finite_space_is_repeated_when_it_is_spent() -> None:
    axes = (AxisKind(2), AxisKind(3, is_ordered=False))
    found = points(StudyPlan(2, 15, 1, axes=axes))
    assert len(set(found[:6])) == 6
    assert found[6:12] == found[:6]


def test_a_grid_of_many_axes_is_never_written_out() -> None:
    found = points(StudyPlan(64, 5, 1))  # two levels: 2 ** 64 places
    assert len(set(found)) == 5
    assert set(sum(found, ())) == {0.25, 0.75}
