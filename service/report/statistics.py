"""Statistics of seeds and repeats: means, intervals and tests, computed by scipy.

Losses of two arms are paired by seed (common random numbers), which removes the variance that the
seeds share. Lower is better throughout. scipy is imported late to keep importing the service fast.
"""
# ruff: noqa: A005 - imports are absolute: service.report.statistics hides nothing

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95

# A spread below this fraction of the values is rounding.
RELATIVE_ROUNDING = 1e-12

# Resamples of the bootstrap, and permutations where an exact test has too many; the fixed seed
# makes a report a function of its trials.
N_RESAMPLES = 9999
RESAMPLING_SEED = 0


@dataclass(frozen=True, slots=True)
class Summary:
    """Mean and spread of repeated measurements.

    Attributes:
        n: Number of measurements.
        mean: Arithmetic mean.
        sd: Sample standard deviation (n - 1); None when n is 1.
        low: Lower end of the mean's 95 % bootstrap interval (BCa); None when n is 1.
        high: Upper end; None when n is 1.
    """

    n: int
    mean: float
    sd: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """An arm compared with a baseline, paired by seed.

    Attributes:
        n: Number of pairs.
        difference: Mean of arm - baseline; negative where the arm is better.
        relative: `difference` over the size of the baseline's mean; None when that is 0.
        low: Lower end of Student's confidence interval of the difference; None when n is 1.
        high: Upper end; None when n is 1.
        bootstrap_low: Lower end of the bootstrap interval (BCa), which assumes no normal
            distribution but is too narrow below about ten seeds; None when n is 1.
        bootstrap_high: Upper end; None when n is 1.
        p: Two-sided, paired Student t test, uncorrected; None when n is 1.
        win_rate: Fraction of the seeds on which the arm is better; a tie counts one half.
        sd: Standard deviation of the differences; None when n is 1.
        confidence: Level of both intervals, in (0, 1).
    """

    n: int
    difference: float
    relative: float | None
    low: float | None
    high: float | None
    bootstrap_low: float | None
    bootstrap_high: float | None
    p: float | None
    win_rate: float
    sd: float | None
    confidence: float


@dataclass(frozen=True, slots=True)
class Paired:
    """The differences of pairs, arm - baseline.

    Attributes:
        mean: Their mean.
        sd: Sample standard deviation, 0 where they deviate by rounding; None of one pair.
        low: Lower end of Student's interval of the mean; None of one pair.
        high: Upper end.
        p: Two-sided, paired t test; without spread 0, or 1 if they are 0; None of one pair.
    """

    mean: float
    sd: float | None
    low: float | None
    high: float | None
    p: float | None


@dataclass(frozen=True, slots=True)
class RankComparison:
    """Two groups of independent runs, compared by rank.

    Attributes:
        n: Runs of the first group.
        n_other: Runs of the second group.
        win_rate: Fraction of pairs of runs in which the first is better; a tie counts one half.
        p: Two-sided Mann-Whitney test by permutation, exact where there are at most
            `N_RESAMPLES` assignments of the runs to the groups.
    """

    n: int
    n_other: int
    win_rate: float
    p: float


def prepare() -> None:
    """Import scipy now, which takes about 1 s: a report is built inside a transaction."""
    importlib.import_module("scipy.stats")


def summarize(values: Sequence[float]) -> Summary:
    """Compute mean, standard deviation and the bootstrap interval of the mean.

    Raises:
        ValueError: No values, or one that is not finite.
    """
    _check(values)
    mean = float(np.mean(values))
    if len(values) < 2:
        return Summary(1, mean, None, None, None)
    exponent = _exponent(values)
    sd = math.ldexp(float(np.std(np.ldexp(values, -exponent), ddof=1)), exponent)
    low, high = bootstrap_interval(values, CONFIDENCE)
    return Summary(len(values), mean, sd, low, high)


def compare(
    arm_losses: Sequence[float],
    baseline_losses: Sequence[float],
    confidence: float = CONFIDENCE,
) -> Comparison:
    """Compare an arm with a baseline on the same seeds, given in the same order.

    If the differences have no spread, the interval has width 0, and p is 0, or 1 if they are 0.

    Raises:
        ValueError: The numbers of seeds differ or are 0, a value is not finite, or `confidence`
            is outside (0, 1).

    Source: Student's t and BCa (Efron and Tibshirani 1993, 14.3) as in scipy.stats.
    """
    if len(arm_losses) != len(baseline_losses):
        raise ValueError(f"{len(arm_losses)} and {len(baseline_losses)} losses cannot be paired")
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must be between 0 and 1, not {confidence}")
    _check(baseline_losses)
    _check(arm_losses)
    baseline = float(np.mean(baseline_losses))
    differences = np.subtract(arm_losses, baseline_losses)
    found = student(arm_losses, baseline_losses, confidence)
    resampled = (None, None) if found.sd is None else (found.mean, found.mean)
    if found.sd:
        resampled = bootstrap_interval(differences.tolist(), confidence)
    return Comparison(
        n=len(differences),
        difference=found.mean,
        relative=found.mean / abs(baseline) if baseline else None,
        low=found.low,
        high=found.high,
        bootstrap_low=resampled[0],
        bootstrap_high=resampled[1],
        p=found.p,
        win_rate=float(np.mean((differences < 0.0) + 0.5 * (differences == 0.0))),
        sd=found.sd,
        confidence=confidence,
    )


def bootstrap_interval(values: Sequence[float], confidence: float) -> tuple[float, float]:
    """Return the bias-corrected and accelerated bootstrap interval of the mean of n >= 2.

    Where the values deviate by rounding it is their range: the correction is not defined there.
    """
    from scipy.stats import bootstrap

    low, high = min(values), max(values)
    if high - low <= RELATIVE_ROUNDING * max(abs(low), abs(high)):
        return low, high
    exponent = _exponent(values)
    found = bootstrap(
        (np.ldexp(values, -exponent),),
        np.mean,
        confidence_level=confidence,
        n_resamples=N_RESAMPLES,
        rng=np.random.default_rng(RESAMPLING_SEED),
    ).confidence_interval
    return math.ldexp(found.low, exponent), math.ldexp(found.high, exponent)


def holm(ps: Sequence[float]) -> list[float]:
    """Correct p values so that the family-wise error rate stays at the level of the test.

    The k-th smallest of m is multiplied by m - k + 1, at least the one before it, at most 1.

    Source: Holm, Scandinavian Journal of Statistics 6 (1979) 65-70.
    """
    corrected, least = [0.0] * len(ps), 0.0
    for rank, index in enumerate(sorted(range(len(ps)), key=lambda i: ps[i])):
        least = max(least, min(1.0, (len(ps) - rank) * ps[index]))
        corrected[index] = least
    return corrected


def compare_ranks(values: Sequence[float], others: Sequence[float]) -> RankComparison:
    """Compare two groups of independent runs by the Mann-Whitney test.

    Raises:
        ValueError: No values, or one that is not finite.
    """
    _check(values)
    _check(others)
    below = np.less.outer(values, others) + 0.5 * np.equal.outer(values, others)
    p = _rank_p(values, others)
    return RankComparison(len(values), len(others), float(np.mean(below)), p)


def rank_correlation(xs: Sequence[float], ys: Sequence[float]) -> float | None:
    """Return Spearman's rank correlation in [-1, 1]; None below 3 pairs or without any spread."""
    from scipy.stats import spearmanr

    if len(xs) < 3 or min(xs) == max(xs) or min(ys) == max(ys):
        return None
    return float(spearmanr(xs, ys).statistic)


def student(
    arm: Sequence[float], baseline: Sequence[float], confidence: float, scale: float = 0.0
) -> Paired:
    """Return Student's interval of the mean of arm - baseline, and the paired test's p.

    Args:
        arm: Values, paired with those of `baseline`.
        baseline: As many.
        confidence: In (0, 1).
        scale: The differences' spread is rounding also where it is that of a value of this size.
    """
    exponent = _exponent([*arm, *baseline, scale])
    ours, theirs = np.ldexp(arm, -exponent), np.ldexp(baseline, -exponent)
    differences = ours - theirs
    mean = float(np.mean(differences))
    back = math.ldexp(mean, exponent)
    if len(ours) < 2:
        return Paired(back, None, None, None, None)
    sd = float(np.std(differences, ddof=1))
    largest = np.max(np.abs([*ours, *theirs, math.ldexp(scale, -exponent)]))
    if sd <= RELATIVE_ROUNDING * float(largest):
        return Paired(back, 0.0, back, back, float(mean == 0.0))
    from scipy.stats import ttest_rel

    found = ttest_rel(ours, theirs)
    interval = found.confidence_interval(confidence)
    low, high = (math.ldexp(float(end), exponent) for end in (interval.low, interval.high))
    return Paired(back, math.ldexp(sd, exponent), low, high, float(found.pvalue))


def _exponent(values: Sequence[float]) -> int:
    """Return by which power of two values are divided before they are squared.

    Squares of tiny values would be 0, of huge ones infinite; a power of two changes no digit.
    """
    return math.frexp(max(map(abs, values)))[1]


def _rank_p(values: Sequence[float], others: Sequence[float]) -> float:
    if min(len(values), len(others)) == 1:  # any of the pooled runs may have been the lone one
        (lone,) = values if len(values) == 1 else others
        pooled = np.array([*values, *others])
        rarer = min(np.count_nonzero(pooled <= lone), np.count_nonzero(pooled >= lone))
        return min(1.0, 2.0 * float(rarer) / len(pooled))
    from scipy.stats import PermutationMethod, mannwhitneyu

    generator = np.random.default_rng(RESAMPLING_SEED)
    method = PermutationMethod(n_resamples=N_RESAMPLES, rng=generator)
    return float(mannwhitneyu(values, others, method=method).pvalue)


def _check(values: Sequence[float]) -> None:
    if not values:
        raise ValueError("no values")
    if not all(math.isfinite(value) for value in values):
        raise ValueError("values must be finite")
