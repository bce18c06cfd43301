"""The e-value of a t test, against numerical integration, and its error rate."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from service.report.e_values import SIGNIFICANT, e_value


def at(n: int, t: float) -> float:
    """Return the e-value of a t statistic."""
    found = e_value(n, t / math.sqrt(n), 1.0)
    assert found is not None
    return found


@pytest.mark.parametrize("n", [2, 3, 5, 12, 40])
@pytest.mark.parametrize("t", [0.0, 0.7, 2.3, -4.0])
def test_it_is_the_ratio_of_the_densities_of_t(n: int, t: float) -> None:
    """Under the alternative t is noncentral, its noncentrality normal with variance n."""

    def weighted(effect: float) -> float:
        likelihood = stats.nct.pdf(t, n - 1, effect * math.sqrt(n))
        return float(likelihood * stats.norm.pdf(effect))

    mixed, _ = integrate.quad(weighted, -8.0, 8.0, epsabs=1e-12, limit=400)
    assert at(n, t) == pytest.approx(mixed / stats.t.pdf(t, n - 1), rel=1e-5)


@pytest.mark.parametrize("n", [2, 3, 10])
def test_its_mean_is_1_where_nothing_differs(n: int) -> None:
    def weighted(t: float) -> float:
        return at(n, t) * float(stats.t.pdf(t, n - 1))

    mean, _ = integrate.quad(weighted, 0.0, math.inf, limit=400)
    assert 2.0 * mean == pytest.approx(1.0, rel=1e-4)


def test_it_seldom_exceeds_20_however_long_one_goes_on() -> None:
    random = np.random.default_rng(0)
    n_paths, n_most = 3_000, 40
    paths = random.standard_normal((n_paths, n_most))
    n_found = 0
    for path in paths:
        values = (e_value(n, path[:n].mean(), path[:n].std(ddof=1)) for n in range(2, n_most + 1))
        n_found += any(value is not None and value >= SIGNIFICANT for value in values)
    assert n_found / n_paths <= 0.05


def test_the_unit_of_the_differences_does_not_matter() -> None:
    assert e_value(7, 3e-5, 2e-5) == pytest.approx(e_value(7, -0.3, 0.2))


def test_differences_without_spread_have_the_limit() -> None:
    assert e_value(4, 0.1, 0.0) == pytest.approx(5.0 ** (4 / 2 - 1 / 2))
    assert e_value(4, 0.1, 1e-12) == pytest.approx(5.0**1.5)
    assert e_value(4, 0.0, 0.0) is None
    assert e_value(1, 0.1, 0.0) is None
