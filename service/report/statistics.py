"""What seeds and repeats allow one to say: means, intervals, tests. scipy computes, this chooses.

Losses of two arms are paired by seed (common random numbers), so that differences are compared,
not luck. Lower is better throughout. scipy is imported late: importing the service stays light.
"""
# ruff: noqa: A005 - imports are absolute: service.report.statistics hides nothing

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95

# More seeds than this nobody trains: an effect that would need them is called too small to matter.
MAX_SEEDS_ADVISED = 1000

# Spread below this part of the values is rounding, not spread.
RELATIVE_ROUNDING = 1e-12

# Of the bootstrap, and of permutations where there are too many to try them all; the seed makes
# a report a function of its trials.
N_RESAMPLES = 9999
RESAMPLING_SEED = 0


@dataclass(frozen=True, slots=True)
class Summary:
    """Mean and spread of repeated measurements.

    Attributes:
        n: How many.
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
    """An arm against a baseline, seed by seed.

    Attributes:
        n: Pairs.
        difference: Mean of arm - baseline; negative where the arm is better.
        relative: `difference` over the baseline's mean; None when that is 0.
        low: Lower end of Student's confidence interval of the difference; None when n is 1.
        high: Upper end; None when n is 1.
        bootstrap_low: Lower end of the bootstrap interval (BCa), which supposes no normal
            differences but is too narrow below about ten seeds; None when n is 1.
        bootstrap_high: Upper end; None when n is 1.
        p: Two-sided, paired Student t test, of this arm alone; None when n is 1.
        win_rate: Part of the seeds on which the arm is better, a tie counting one half.
        sd: Standard deviation of the differences; None when n is 1.
        confidence: Of both intervals.
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
class RankComparison:
    """Independent runs of two kinds, compared by rank.

    Attributes:
        n: Runs of the one.
        n_other: Runs of the other.
        win_rate: Part of all pairs of runs in which the one is better, a tie counting one half.
        p: Two-sided Mann-Whitney test by permutation, exact where there are at most
            `N_RESAMPLES` ways to deal the runs.
    """

    n: int
    n_other: int
    win_rate: float
    p: float


def prepare() -> None:
    """Load the libraries now: a report is built inside a transaction, which must not wait 1 s."""
    importlib.import_module("scipy.stats")


def summarize(values: Sequence[float]) -> Summary:
    """Mean, standard deviation and the bootstrap interval of the mean.

    Raises:
        ValueError: No values, or one that is not finite.
    """
    _check(values)
    mean = float(np.mean(values))
    if len(values) < 2:
        return Summary(1, mean, None, None, None)
    sd = float(np.std(values, ddof=1))
    low, high = bootstrap_interval(values, CONFIDENCE)
    return Summary(len(values), mean, sd, low, high)


def compare(
    arm_losses: Sequence[float],
    baseline_losses: Sequence[float],
    confidence: float = CONFIDENCE,
) -> Comparison:
    """Compare an arm with a baseline on the same seeds, in the same order.

    Differences without any spread have intervals of width 0; p is 0, or 1 where they are all 0.

    Raises:
        ValueError: Different numbers of seeds, none, a value that is not finite, or a confidence
            outside (0, 1).

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
    mean = float(np.mean(differences))
    sd = _spread(differences, [*arm_losses, *baseline_losses])
    low, high, p = _student(arm_losses, baseline_losses, sd, confidence)
    resampled = (None, None) if sd is None else (mean, mean)
    if sd:
        resampled = bootstrap_interval(differences.tolist(), confidence)
    return Comparison(
        n=len(differences),
        difference=mean,
        relative=mean / baseline if baseline else None,
        low=low,
        high=high,
        bootstrap_low=resampled[0],
        bootstrap_high=resampled[1],
        p=p,
        win_rate=float(np.mean((differences < 0.0) + 0.5 * (differences == 0.0))),
        sd=sd,
        confidence=confidence,
    )


def bootstrap_interval(values: Sequence[float], confidence: float) -> tuple[float, float]:
    """Return the bias-corrected and accelerated bootstrap interval of the mean of 2 or more."""
    from scipy.stats import bootstrap

    if min(values) == max(values):
        return values[0], values[0]
    found = bootstrap(
        (values,),
        np.mean,
        confidence_level=confidence,
        n_resamples=N_RESAMPLES,
        rng=np.random.default_rng(RESAMPLING_SEED),
    ).confidence_interval
    return float(found.low), float(found.high)


def holm(ps: Sequence[float]) -> list[float]:
    """Correct p values for their number, so that one false finding in the family stays rare.

    The k-th smallest of m is multiplied by m - k + 1, at least the one before it, at most 1.

    Source: Holm, Scandinavian Journal of Statistics 6 (1979) 65-70.
    """
    corrected, least = [0.0] * len(ps), 0.0
    for rank, index in enumerate(sorted(range(len(ps)), key=lambda i: ps[i])):
        least = max(least, min(1.0, (len(ps) - rank) * ps[index]))
        corrected[index] = least
    return corrected


def seeds_needed(comparison: Comparison, n_compared: int = 1) -> int | None:
    """How many seeds would tell the seen difference from zero, were it and its spread true.

    The smallest n with t(n - 1) sd / sqrt(n) below the difference: even chances of seeing it. The
    level is shared out among the `n_compared` arms, so that Holm's correction cannot undo it.

    Returns:
        At least 2 and at most `MAX_SEEDS_ADVISED`; None when more are needed or nothing was seen.
    """
    if comparison.sd is None or comparison.difference == 0.0:
        return None
    level = 1.0 - (1.0 - comparison.confidence) / n_compared
    low, high = 2, MAX_SEEDS_ADVISED
    if not _tells(comparison, level, high):
        return None
    while low < high:  # the half width falls with n
        middle = (low + high) // 2
        is_enough = _tells(comparison, level, middle)
        low, high = (low, middle) if is_enough else (middle + 1, high)
    return low


def compare_ranks(values: Sequence[float], others: Sequence[float]) -> RankComparison:
    """Compare independent runs of two kinds by the Mann-Whitney test.

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


def _tells(comparison: Comparison, level: float, n: int) -> bool:
    from scipy.special import stdtrit

    half = float(stdtrit(n - 1, 0.5 + level / 2.0)) * (comparison.sd or 0.0) / math.sqrt(n)
    return half < abs(comparison.difference)


def _student(
    arm: Sequence[float], baseline: Sequence[float], sd: float | None, confidence: float
) -> tuple[float | None, float | None, float | None]:
    if sd is None:
        return None, None, None
    if sd == 0.0:
        mean = float(np.mean(np.subtract(arm, baseline)))
        return mean, mean, float(mean == 0.0)
    from scipy.stats import ttest_rel

    found = ttest_rel(arm, baseline)
    interval = found.confidence_interval(confidence)
    return float(interval.low), float(interval.high), float(found.pvalue)


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


def _spread(differences: np.typing.NDArray[np.float64], values: Sequence[float]) -> float | None:
    """Return their standard deviation; 0 for equal ones that subtraction has rounded apart."""
    if len(differences) < 2:
        return None
    sd = float(np.std(differences, ddof=1))
    return 0.0 if sd <= RELATIVE_ROUNDING * float(np.max(np.abs(values))) else sd


def _check(values: Sequence[float]) -> None:
    if not values:
        raise ValueError("no values")
    if not all(math.isfinite(value) for value in values):
        raise ValueError("values must be finite")
