"""Planned looks keep their error rate and need few seeds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from service.studies import looks


@pytest.mark.parametrize("n_seeds", [1, 2, 20, 100])
def test_a_single_look_has_the_full_level(n_seeds: int) -> None:
    assert looks.level_of([n_seeds]) == 0.05


def test_the_levels_that_are_known_are_those_that_are_computed() -> None:
    """0.0195 is also the level of the method's notes, from simulations of their own."""
    assert looks.calibrate(looks.DEFAULT) == looks.level_of(looks.DEFAULT) == 0.0195
    assert looks.simulate(looks.DEFAULT) == pytest.approx(
        looks.expected_seeds(looks.DEFAULT), abs=0.1
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("plan", "level"), [((3, 6, 12, 24), 0.0145), ((5, 10, 20, 35, 50), 0.0129)]
)
def test_other_plans_have_the_levels_of_the_method(plan: tuple[int, ...], level: float) -> None:
    assert looks.level_of(plan) == pytest.approx(level, abs=2e-4)


def test_all_looks_together_err_in_five_percent() -> None:
    """With scipy's test, on paths that the calibration has not seen."""
    n_paths, plan = 4000, (5, 10)
    paths = np.random.default_rng(123).normal(size=(10, n_paths))
    ps = np.array([ttest_1samp(paths[:n], 0.0).pvalue for n in plan])
    errors = np.mean(ps.min(axis=0) <= looks.level_of(plan))
    assert abs(errors - 0.05) < 3 * (0.05 * 0.95 / n_paths) ** 0.5
    assert np.mean(ps.min(axis=0) <= 0.05) > 0.07  # what looking twice costs otherwise


def test_looks_decide_with_fewer_seeds_than_their_last() -> None:
    assert 10.0 < looks.expected_seeds((5, 10, 20)) < 12.0
