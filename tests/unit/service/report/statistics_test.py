"""Differences between arms, checked against scipy and a textbook."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from service.report import statistics

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
    assert (found.bootstrap_low, found.bootstrap_high) == (None, None)


def test_a_loss_below_zero_that_falls_is_an_improvement() -> None:
    """Of a package's objective, such as a log likelihood: 10 % of the size of -2 is 0.2."""
    found = statistics.compare([-2.1, -2.2, -2.3], [-1.9, -2.0, -2.1])
    assert found.difference == pytest.approx(-0.2)
    assert found.relative == pytest.approx(-0.1)


def test_identical_losses_are_no_difference() -> None:
    found = statistics.compare([0.1, 0.2, 0.7], [0.1, 0.2, 0.7])
    assert (found.difference, found.low, found.high, found.p) == (0.0, 0.0, 0.0, 1.0)
    assert found.win_rate == 0.5
    assert (found.bootstrap_low, found.bootstrap_high) == (0.0, 0.0)


def test_a_constant_difference_survives_rounding() -> None:
    base = [0.1, 0.2, 0.7]
    found = statistics.compare([value - 0.05 for value in base], base)
    assert found.sd == 0.0
    assert found.p == 0.0
    assert found.bootstrap_low == found.bootstrap_high == pytest.approx(-0.05)


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
    alone = statistics.summarize([3.0])
    assert (alone.sd, alone.low, alone.high) == (None, None, None)
    same = statistics.summarize([3.0, 3.0])
    assert (same.sd, same.low, same.high) == (0.0, 3.0, 3.0)


# The bootstrap


def test_the_bootstrap_of_many_normal_values_is_the_normal_interval() -> None:
    values = np.random.default_rng(3).normal(5.0, 2.0, 400)
    found = statistics.summarize(values.tolist())
    half = stats.norm.ppf(0.975) * np.std(values, ddof=1) / 20.0
    assert found.low == pytest.approx(np.mean(values) - half, abs=0.06 * half)
    assert found.high == pytest.approx(np.mean(values) + half, abs=0.06 * half)


@pytest.mark.parametrize("n", [2, 3, 4, 7])
def test_the_bootstrap_stays_within_the_sample_and_is_the_same_again(n: int) -> None:
    values = np.random.default_rng(n).lognormal(size=n).tolist()
    low, high = statistics.bootstrap_interval(values, 0.95)
    assert min(values) <= low < np.mean(values) < high <= max(values)
    assert statistics.bootstrap_interval(values, 0.95) == (low, high)
    narrow = statistics.bootstrap_interval(values, 0.3)
    assert low <= narrow[0] <= narrow[1] <= high


@pytest.mark.parametrize(
    "values",
    [
        [0.7000000000000001, 0.7, 0.7, 0.7000000000000001, 0.7000000000000001],
        [7.000000000000001, 7.0, 7.0],
        [0.1, 0.10000000000000003, 0.1, 0.10000000000000002, 0.10000000000000003],
    ],
)
def test_values_that_deviate_by_rounding_have_their_range(values: list[float]) -> None:
    """Of them scipy's interval is not a number, with which no report can be stored."""
    found = statistics.summarize(values)
    assert (found.low, found.high) == (min(values), max(values))


@pytest.mark.parametrize("size", [5e-308, 1e-150, 1.0, 1e60, 1e300])
def test_the_bootstrap_of_tiny_and_huge_values_is_that_of_others(size: float) -> None:
    values = [1.0, 2.0, 4.0, 4.5]
    low, high = statistics.bootstrap_interval(values, 0.95)
    found = statistics.bootstrap_interval([value * size for value in values], 0.95)
    assert found == pytest.approx((low * size, high * size), rel=1e-12)


@pytest.mark.parametrize("exponent", [-700, 0, 200])
def test_a_comparison_does_not_depend_on_the_size_of_losses(exponent: int) -> None:
    """Squares of tiny losses are 0: their comparison was certain."""
    ours, theirs = [1.0, 2.0, 3.0], [2.0, 2.1, 3.3]
    sized, others = ([math.ldexp(own, exponent) for own in arm] for arm in (ours, theirs))
    found, expected = statistics.compare(sized, others), statistics.compare(ours, theirs)
    for name in ("p", "win_rate", "relative"):
        assert getattr(found, name) == getattr(expected, name)
    for name in ("difference", "low", "high", "sd", "bootstrap_low", "bootstrap_high"):
        assert getattr(found, name) == math.ldexp(getattr(expected, name), exponent)
    one = statistics.summarize([math.ldexp(own, exponent) for own in ours])
    assert one.sd == math.ldexp(1.0, exponent)


def test_a_skewed_sample_has_a_skewed_interval() -> None:
    """Student's interval is symmetric; that of a sample with one large value is not."""
    found = statistics.compare([1.0, 1.1, 0.9, 1.0, 1.05, 0.95, 1.0, 4.0], [0.0] * 8)
    assert found.low is not None
    assert found.high is not None
    assert found.bootstrap_low is not None
    assert found.bootstrap_high is not None
    assert found.high - found.difference == pytest.approx(found.difference - found.low)
    assert found.bootstrap_high - found.difference > 1.5 * (found.difference - found.bootstrap_low)


# Many arms


@pytest.mark.parametrize(
    ("ps", "corrected"),
    [
        # R's multtest, mt.rawp2adjp(..., "Holm"), as tabulated in the tests of statsmodels.
        (
            [0.838541367553, 0.642193923795, 0.680845947633, 0.967833824309, 0.71626938238,
             0.177096952723, 5.23656777208e-005, 0.0202732688798, 0.00028140506198,
             0.0149877310796],
            [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 5.23656777208e-04, 0.1419128821586,
             2.53264555782e-03, 0.1199018486368],
        ),
        # The step-down keeps the order: 3 * 0.012 would be below the 0.04 before it.
        (
            [0.002, 0.004, 0.006, 0.008, 0.01, 0.012],
            [0.012, 0.02, 0.024, 0.024, 0.024, 0.024],
        ),
        # Worked by hand in the article "Holm-Bonferroni method" of Wikipedia.
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        ([0.03], [0.03]),
        ([], []),
    ],
)  # fmt: skip
def test_holm(ps: list[float], corrected: list[float]) -> None:
    assert statistics.holm(ps) == pytest.approx(corrected, rel=1e-10)


# Independent runs


def test_ranks_by_hand() -> None:
    # Of the 252 ways to deal ten runs to two samplers, two are as extreme as this one.
    apart = statistics.compare_ranks([1.0, 2.0, 3.0, 4.0, 5.0], [6.0, 7.0, 8.0, 9.0, 10.0])
    assert (apart.n, apart.n_other, apart.win_rate) == (5, 5, 1.0)
    assert apart.p == pytest.approx(2 / 252)
    # Three of the six deals of 1, 1, 1, 2 give the first no 2: p is 2 * 3 / 6.
    tied = statistics.compare_ranks([1.0, 1.0], [1.0, 2.0])
    assert tied.win_rate == 0.75
    assert tied.p == pytest.approx(1.0)
    single = statistics.compare_ranks([1.0], [2.0, 3.0, 4.0])
    assert single.win_rate == 1.0
    assert single.p == pytest.approx(2 / 4)
    assert statistics.compare_ranks([2.0, 3.0, 4.0], [3.0]).p == 1.0


def test_ranks_without_ties_are_those_of_the_exact_test() -> None:
    generator = np.random.default_rng(5)
    ours, theirs = generator.normal(size=4), generator.normal(0.5, size=6)
    found = statistics.compare_ranks(ours.tolist(), theirs.tolist())
    truth = stats.mannwhitneyu(ours, theirs, method="exact")
    assert found.p == pytest.approx(truth.pvalue)
    assert found.win_rate == pytest.approx(np.mean(ours[:, None] < theirs[None, :]))


def test_many_runs_are_dealt_at_random_in_the_same_way() -> None:
    generator = np.random.default_rng(6)
    ours, theirs = generator.normal(size=12).tolist(), generator.normal(size=12).tolist()
    found = statistics.compare_ranks(ours, theirs)
    assert found == statistics.compare_ranks(ours, theirs)
    assert found.p == pytest.approx(stats.mannwhitneyu(ours, theirs).pvalue, abs=0.03)


def test_rank_correlation() -> None:
    # Intelligence and hours of television of ten people, from Wikipedia's article on Spearman.
    iq = [106.0, 100.0, 86.0, 101.0, 99.0, 103.0, 97.0, 113.0, 112.0, 110.0]
    hours = [7.0, 27.0, 2.0, 50.0, 28.0, 29.0, 20.0, 12.0, 6.0, 17.0]
    assert statistics.rank_correlation(iq, hours) == pytest.approx(-29 / 165)
    assert statistics.rank_correlation([1.0, 2.0], [1.0, 2.0]) is None
    assert statistics.rank_correlation([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]) is None
