"""The smooth of the slices: it finds the mean, and its interval covers it as often as it says."""

from __future__ import annotations

import numpy as np
import pytest

from api.dashboard.figures.smoother import smooth_of

GRID = np.linspace(0.02, 0.98, 49)
N_RUNS = 120


@pytest.mark.parametrize("wave", [0.0, 1.0, 3.0])
def test_the_interval_covers_the_mean_in_19_of_20_places(wave: float) -> None:
    draws = np.random.default_rng(7)
    covered = []
    for _ in range(N_RUNS):
        x = draws.uniform(0.0, 1.0, 60)
        found = smooth_of(x, np.sin(2 * np.pi * wave * x) + draws.normal(0, 0.4, 60), GRID)
        assert found is not None
        truth = np.sin(2 * np.pi * wave * GRID)
        covered.append(np.mean((found.low <= truth) & (truth <= found.high)))
    assert 0.90 <= np.mean(covered) <= 0.985


def test_it_does_not_depend_on_order_or_unit() -> None:
    draws = np.random.default_rng(3)
    x, noise = draws.uniform(0.0, 1.0, 40), draws.normal(0, 0.1, 40)
    y = (x - 0.3) ** 2 + noise
    found = smooth_of(x, y, GRID)
    turn = draws.permutation(40)
    other = smooth_of(x[turn], 1000.0 * y[turn] - 5.0, GRID)
    assert found is not None
    assert other is not None
    assert other.mean == pytest.approx(1000.0 * found.mean - 5.0, rel=1e-6)
    assert other.high - other.low == pytest.approx(1000.0 * (found.high - found.low), rel=1e-4)


def test_a_straight_line_without_noise_is_found() -> None:
    x = np.linspace(0.0, 1.0, 30)
    found = smooth_of(x, 3.0 - 2.0 * x, GRID)
    assert found is not None
    assert found.mean == pytest.approx(3.0 - 2.0 * GRID, abs=1e-6)


def test_constant_values_are_their_own_mean() -> None:
    found = smooth_of(np.linspace(0.0, 1.0, 30), np.full(30, 2.5), GRID)
    assert found is not None
    assert found.mean == pytest.approx(np.full(len(GRID), 2.5))


def test_of_few_values_or_places_there_is_no_curve() -> None:
    assert smooth_of(np.linspace(0, 1, 9), np.zeros(9), GRID) is None
    assert smooth_of([0.0, 0.5, 1.0, 0.25] * 9, np.zeros(36), GRID) is None
