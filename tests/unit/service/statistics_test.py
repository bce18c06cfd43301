"""Differences between arms, checked against scipy and a textbook."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from service import statistics

# Student (1908), the additional hours of sleep of ten patients under two drugs: t = -4.0621,
# p = 0.002833, as printed by R's help page of t.test.
SLEEP_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SLEEP_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def test_the_textbook() -> None:
    found = statistics.compare(SLEEP_1, SLEEP_2)
    assert found.difference == pytest.approx(-1.58)
    assert (found.low, found.high) == pytest.approx((-2.4598858, -0.7001142))
    assert found.p == pytest.approx(0.002833, abs=5e-7)
    assert found.win_rate == 0.95  # nine patients and a tie


@pytest.mark.parametrize("n", [2, 3, 5, 30])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_scipy_agrees(n: int, confidence: float) -> None:
    generator = np.random.default_rng(n)
    arm, base = generator.normal(1.0, 0.1, n).tolist(), generator.normal(1.1, 0.1, n).tolist()
    found = statistics.compare(arm, base, confidence)
    truth = stats.ttest_rel(arm, base)
    interval = truth.confidence_interval(confidence)
    assert found.p == pytest.approx(truth.pvalue, rel=1e-9)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=1e-9)
    assert found.sd == pytest.approx(np.std(np.subtract(arm, base), ddof=1))
    assert found.relative == pytest.approx(found.difference / np.mean(base))


def test_one_seed_has_no_interval() -> None:
    found = statistics.compare([1.0], [2.0])
    assert (found.low, found.high, found.p, found.sd) == (None, None, None, None)
    assert found.difference == -1.0
    assert statistics.outcome(found) == "unknown"
    assert "cannot be told with 1 seed" in said([1.0], [2.0])


def test_identical_losses_are_no_difference() -> None:
    found = statistics.compare([0.1, 0.2, 0.7], [0.1, 0.2, 0.7])
    assert (found.difference, found.low, found.high, found.p) == (0.0, 0.0, 0.0, 1.0)
    assert found.win_rate == 0.5
    assert statistics.outcome(found) == "no difference"


def test_a_constant_difference_survives_rounding() -> None:
    base = [0.1, 0.2, 0.7]
    found = statistics.compare([value - 0.05 for value in base], base)
    assert found.sd == 0.0
    assert found.p == 0.0
    assert statistics.outcome(found) == "helps"


@pytest.mark.parametrize(
    ("arm", "base"),
    [([], []), ([1.0], [1.0, 2.0]), ([math.nan], [1.0]), ([1.0, 1.0], [math.inf, 1.0])],
)
def test_losses_that_cannot_be_compared(arm: list[float], base: list[float]) -> None:
    with pytest.raises(ValueError, match=r"values|paired"):
        statistics.compare(arm, base)


def test_summary() -> None:
    found = statistics.summarize([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0])
    assert found.mean == 5.0
    assert found.sd == pytest.approx(math.sqrt(32 / 7))
    assert statistics.summarize([3.0]).sd is None


@pytest.mark.parametrize("ratio", [0.05, 0.2, 0.5, 1.0, 3.0])
def test_seeds_needed_is_the_first_number_that_tells(ratio: float) -> None:
    generator = np.random.default_rng(0)
    noise = stats.zscore(generator.normal(size=6), ddof=1)
    found = statistics.compare((1.0 + ratio + noise).tolist(), [1.0] * 6)
    first = next(
        (n for n in range(2, 1001) if stats.t.ppf(0.975, n - 1) / math.sqrt(n) < ratio), None
    )
    assert statistics.seeds_needed(found) == first


def said(arm: list[float], uniform: list[float], flat: list[float] | None = None) -> str:
    against_flat = None if flat is None else statistics.compare(arm, flat)
    return statistics.verdict(statistics.compare(arm, uniform), against_flat)


def test_verdicts_keep_to_the_interval() -> None:
    uniform = [1.0, 1.1, 0.9]
    better, alike, worse = [0.9, 0.98, 0.83], [1.01, 1.0, 0.9], [1.2, 1.31, 1.09]
    assert said(better, uniform).startswith("The learned density helps")
    assert "does not help" in said(worse, uniform)
    assert "equals uniform's" in said(uniform, uniform)
    # sd of the differences 0.0608, difference 0.03: t(18) 0.0608 / sqrt(19) = 0.0293 < 0.03.
    unsure = said(alike, uniform)
    assert "cannot be told with 3 seeds" in unsure
    assert "about 19 seeds" in unsure


def test_a_flat_control_tells_shape_from_scale() -> None:
    uniform, arm = [1.0, 1.1, 0.9], [0.9, 0.98, 0.83]
    flat_worse, flat_better = [0.95, 1.03, 0.885], [0.85, 0.925, 0.78]
    assert "the shape matters" in said(arm, uniform, flat_worse)
    assert "not the shape" in said(arm, uniform, flat_better)
    assert "may be scale alone" in said(arm, uniform, arm)
    assert "no flat control" in said(arm, uniform)
