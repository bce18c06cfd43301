"""Staircases and bands against numpy's running minimum, median and range."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from api.dashboard.figures.staircases import Step, band_of, few, staircase, thinned


def stairs_of(values: np.ndarray) -> list[Step]:
    return staircase(Step(float(i), float(v), i) for i, v in enumerate(values))


@pytest.mark.parametrize("seed", range(5))
def test_a_staircase_is_the_running_minimum(seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=40)
    best = np.minimum.accumulate(values)
    steps = stairs_of(values)
    rebuilt = [max((s for s in steps if s.x <= i), key=lambda s: s.x).value for i in range(40)]
    np.testing.assert_array_equal(rebuilt, best)
    assert len(steps) <= len(np.unique(best)) + 1
    assert all(values[step.number] == step.value for step in steps)
    assert steps[-1].x == 39


def test_nothing_makes_no_steps() -> None:
    assert staircase([]) == []


@pytest.mark.parametrize("n_repeats", [2, 3, 4, 5])
def test_a_band_is_the_range_and_the_median_of_the_running_minima(n_repeats: int) -> None:
    values = np.random.default_rng(n_repeats).normal(size=(n_repeats, 30))
    best = np.minimum.accumulate(values, axis=1)
    band = band_of([stairs_of(row) for row in values], [False] * n_repeats)
    at = [int(x) for x in band.x]
    np.testing.assert_array_equal(band.low, best.min(axis=0)[at])
    np.testing.assert_array_equal(band.high, best.max(axis=0)[at])
    np.testing.assert_allclose(band.middle, np.median(best, axis=0)[at], rtol=1e-15)
    first, third = np.percentile(best, [25, 75], axis=0)
    np.testing.assert_allclose(band.first, first[at], rtol=1e-14)
    np.testing.assert_allclose(band.third, third[at], rtol=1e-14)
    assert (at[0], at[-1]) == (0, 29)
    # Between its points nothing changes.
    steps = {i for row in best for i in range(1, 30) if row[i] < row[i - 1]}
    assert set(at) == steps | {0, 29}


def test_a_band_ends_where_a_search_at_work_has_come_to() -> None:
    long, short = stairs_of(np.array([4.0, 3.0, 2.0, 1.0])), stairs_of(np.array([5.0, 4.5]))
    assert band_of([long, short], [True, False]).x == [0.0, 1.0]
    finished = band_of([long, short], [True, True])
    assert finished.x == [0.0, 1.0, 2.0, 3.0]
    assert finished.high == [5.0, 4.5, 4.5, 4.5]


def test_a_band_begins_where_the_last_search_begins() -> None:
    late = [Step(2.0, 9.0, 0), Step(3.0, 8.0, 1)]
    band = band_of([stairs_of(np.array([4.0, 3.0, 2.0, 1.0])), late], [True, True])
    assert band.x == [2.0, 3.0]
    assert band.low == [2.0, 1.0]


def test_searches_that_do_not_overlap_have_no_band_yet() -> None:
    late = [Step(9.0, 1.0, 0)]
    assert band_of([stairs_of(np.array([4.0, 3.0])), late], [False, False]).x == []


def test_a_staircase_with_more_steps_than_a_screen_keeps_where_it_enters_each_part() -> None:
    steps = [Step(float(x), 1000.0 - x, x) for x in range(1000)]
    assert thinned(steps, 1000) == steps
    kept = thinned(steps, 20)
    assert len(kept) == 20
    assert (kept[0], kept[-1]) == (steps[0], steps[-1])
    for one, another in itertools.pairwise(kept):
        assert another.x - one.x <= 100
        assert another.value < one.value


def test_steps_that_lie_close_together_are_thinned_and_those_apart_stay() -> None:
    close = [Step(x / 1000, 9.0 - x / 1000, x) for x in range(100)]
    kept = thinned([*close, Step(50.0, 1.0, 200), Step(100.0, 0.5, 300)], 10)
    assert [step.number for step in kept] == [0, 99, 200, 300]


def test_few_of_many_items_are_evenly_spaced_and_keep_the_ends() -> None:
    assert few(range(101), 5) == [0, 25, 50, 75, 100]
    assert few(range(5), 5) == [0, 1, 2, 3, 4]
