"""What the seeds allow one to say about a density: differences, intervals, one honest sentence.

Losses of two arms are paired by seed (common random numbers), so that differences are compared,
not luck. Lower is better throughout.
"""
# ruff: noqa: A005 - imports are absolute: service.statistics hides nothing

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

# More seeds than this nobody trains: an effect that would need them is called too small to matter.
MAX_SEEDS_ADVISED = 1000

# Spread below this part of the values is rounding, not spread.
RELATIVE_ROUNDING = 1e-12

Outcome = Literal["helps", "hurts", "no difference", "unknown"]


@dataclass(frozen=True, slots=True)
class Summary:
    """Mean and spread of repeated measurements.

    Attributes:
        n: How many.
        mean: Arithmetic mean.
        sd: Sample standard deviation (n - 1); None when n is 1.
    """

    n: int
    mean: float
    sd: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """An arm against a baseline, seed by seed.

    Attributes:
        n: Pairs.
        difference: Mean of arm - baseline; negative where the arm is better.
        relative: `difference` over the baseline's mean; None when that is 0.
        low: Lower end of the confidence interval of the difference; None when n is 1.
        high: Upper end; None when n is 1.
        p: Two-sided, paired Student t test; None when n is 1.
        win_rate: Part of the seeds on which the arm is better, a tie counting one half.
        sd: Standard deviation of the differences; None when n is 1.
        confidence: Of the interval.
    """

    n: int
    difference: float
    relative: float | None
    low: float | None
    high: float | None
    p: float | None
    win_rate: float
    sd: float | None
    confidence: float


def summarize(values: Sequence[float]) -> Summary:
    """Mean and standard deviation.

    Raises:
        ValueError: No values, or one that is not finite.
    """
    _check(values)
    mean = math.fsum(values) / len(values)
    return Summary(len(values), mean, _sd(values, mean))


def compare(
    arm_losses: Sequence[float], baseline_losses: Sequence[float], confidence: float = 0.95
) -> Comparison:
    """Compare an arm with a baseline on the same seeds, in the same order.

    The interval is mean +- t(n - 1) sd / sqrt(n), exact where differences are normal. Differences
    without any spread have an interval of width 0, and p is 0, or 1 where they are all 0.

    Raises:
        ValueError: Different numbers of seeds, none, a value that is not finite, or a confidence
            outside (0, 1).
    """
    if len(arm_losses) != len(baseline_losses):
        raise ValueError(f"{len(arm_losses)} and {len(baseline_losses)} losses cannot be paired")
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must be between 0 and 1, not {confidence}")
    baseline = summarize(baseline_losses).mean
    _check(arm_losses)
    differences = [a - b for a, b in zip(arm_losses, baseline_losses, strict=True)]
    summary = summarize(differences)
    sd = _without_rounding(summary.sd, [*arm_losses, *baseline_losses])
    low, high, p = _student(summary, sd, confidence)
    return Comparison(
        n=summary.n,
        difference=summary.mean,
        relative=summary.mean / baseline if baseline else None,
        low=low,
        high=high,
        p=p,
        win_rate=sum(0.5 if d == 0.0 else float(d < 0.0) for d in differences) / summary.n,
        sd=sd,
        confidence=confidence,
    )


def outcome(comparison: Comparison) -> Outcome:
    """Whether the interval lies on one side of zero."""
    if comparison.low is None or comparison.high is None:
        return "unknown"
    if comparison.high < 0.0:
        return "helps"
    if comparison.low > 0.0:
        return "hurts"
    return "no difference" if comparison.low == comparison.high else "unknown"


def seeds_needed(comparison: Comparison) -> int | None:
    """How many seeds would tell the seen difference from zero, were it and its spread true.

    The smallest n with t(n - 1) sd / sqrt(n) below the difference: even chances of seeing it.

    Returns:
        At least 2 and at most `MAX_SEEDS_ADVISED`; None when more are needed or nothing was seen.
    """
    if comparison.sd is None or comparison.difference == 0.0:
        return None
    low, high = 2, MAX_SEEDS_ADVISED
    if not _tells(comparison, high):
        return None
    while low < high:  # the half width falls with n
        middle = (low + high) // 2
        low, high = (low, middle) if _tells(comparison, middle) else (middle + 1, high)
    return low


def verdict(against_uniform: Comparison, against_flat: Comparison | None = None) -> str:
    """Say in plain words whether the density helped, and whether it was its shape or its scale.

    Args:
        against_uniform: The learned density against the plain convolution.
        against_flat: The same against a factor without shape, if that control was trained.
    """
    found = outcome(against_uniform)
    seeds = _count(against_uniform.n)
    size = _percent(against_uniform)
    if found == "helps":
        words = f"The learned density helps: its test loss is {size} lower than uniform's"
        return f"{words} ({_interval(against_uniform)}; {seeds}){_shape(against_flat)}."
    if found == "hurts":
        words = f"The learned density does not help: its test loss is {size} higher than uniform's"
        return f"{words} ({_interval(against_uniform)}; {seeds})."
    if found == "no difference":
        return f"The learned density does not help: its test loss equals uniform's on {seeds}."
    return f"{_cannot_be_told(against_uniform, size, seeds)}."


def _cannot_be_told(comparison: Comparison, size: str, seeds: str) -> str:
    words = f"Whether the learned density helps cannot be told with {seeds}"
    if comparison.n == 1:
        return f"{words}: a difference needs at least 2 to have an interval"
    side = "lower" if comparison.difference < 0.0 else "higher"
    seen = f"its test loss was {size} {side} than uniform's ({_interval(comparison)})"
    needed = seeds_needed(comparison)
    advice = (
        f"about {needed} seeds would be needed"
        if needed is not None
        else f"more than {MAX_SEEDS_ADVISED} seeds would be needed"
    )
    return f"{words}: {seen}; if that is the true size, {advice}"


def _shape(against_flat: Comparison | None) -> str:
    if against_flat is None:
        return "; whether by its shape or its scale alone was not tested (no flat control)"
    found = outcome(against_flat)
    if found == "helps":
        return f", and {_percent(against_flat)} lower than a flat factor's: the shape matters"
    if found == "hurts":
        return ", but a flat factor without shape does better: it is the scale, not the shape"
    return ", but no better, as far as these seeds tell, than a flat factor: it may be scale alone"


def _percent(comparison: Comparison) -> str:
    if comparison.relative is None:
        return f"{abs(comparison.difference):.3g}"
    return f"{abs(comparison.relative):.1%}".replace("%", " %")


def _interval(comparison: Comparison) -> str:
    level = f"{comparison.confidence:.0%}".replace("%", " %")
    ends = f"{comparison.low:+.3g} to {comparison.high:+.3g}"
    return f"difference {comparison.difference:+.3g}, {level} interval {ends}"


def _count(n: int) -> str:
    return "1 seed" if n == 1 else f"{n} seeds"


def _tells(comparison: Comparison, n: int) -> bool:
    return _half_width(comparison.sd or 0.0, n, comparison.confidence) < abs(comparison.difference)


def _student(
    summary: Summary, sd: float | None, confidence: float
) -> tuple[float | None, float | None, float | None]:
    if sd is None:
        return None, None, None
    if sd == 0.0:
        return summary.mean, summary.mean, float(summary.mean == 0.0)
    from scipy.special import stdtr  # late: importing the service stays light

    half = _half_width(sd, summary.n, confidence)
    t = abs(summary.mean) / (sd / math.sqrt(summary.n))
    p = 2.0 * float(stdtr(summary.n - 1, -t))
    return summary.mean - half, summary.mean + half, p


def _half_width(sd: float, n: int, confidence: float) -> float:
    from scipy.special import stdtrit  # late: importing the service stays light

    return float(stdtrit(n - 1, 0.5 + confidence / 2.0)) * sd / math.sqrt(n)


def _sd(values: Sequence[float], mean: float) -> float | None:
    if len(values) < 2:
        return None
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def _without_rounding(sd: float | None, values: Sequence[float]) -> float | None:
    """Take the spread of equal differences for 0, though subtraction has rounded them apart."""
    largest = max(abs(value) for value in values)
    return 0.0 if sd is not None and sd <= RELATIVE_ROUNDING * largest else sd


def _check(values: Sequence[float]) -> None:
    if not values:
        raise ValueError("no values")
    if not all(math.isfinite(value) for value in values):
        raise ValueError("values must be finite")
