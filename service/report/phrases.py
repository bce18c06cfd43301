"""Pieces of the report's sentences: counts, lists, percentages."""

from __future__ import annotations

from collections.abc import Sequence

from densearch.plurals import noun
from service.report.effects import Effect

# Smaller percentages are no difference that anybody sees.
LEAST_PERCENT = 0.005


def joined(words: Sequence[str]) -> str:
    """Join a list as text: "a, b and c"."""
    *front, last = words
    return f"{', '.join(front)} and {last}" if front else last


def count_of(n: int, what: str) -> str:
    """Return a number with its noun: "1 seed", "3 seeds"."""
    return f"{n} {noun(n, what)}"


def percent(share: float) -> str:
    """Return a share as a percentage with two significant digits, without its sign: "2.3 %"."""
    value = abs(100.0 * share)
    if value < LEAST_PERCENT:
        return "0 %"
    return f"{value:.0f} %" if value >= 9.95 else f"{value:.2g} %"


def signed(share: float) -> str:
    """Return a share as `percent` does, with its sign: "-12 %"."""
    return ("-" if share < 0.0 else "+") + percent(share)


def chance_text(chance: float) -> str:
    """Return a probability as a percentage, never as certain: "87 %", "over 99 %"."""
    if chance < 0.01:
        return "under 1 %"
    return "over 99 %" if chance > 0.99 else f"{100.0 * chance:.0f} %"


def size_of(effect: Effect) -> str:
    """Return how large an effect is, without its direction."""
    if effect.unit == "difference":
        return f"{abs(effect.change):.3g}"
    return percent(effect.change)


def ends_of(effect: Effect) -> str:
    """Return the interval, "-6.1 % to -2.3 %"; "" where there is none."""
    if effect.low is None or effect.high is None:
        return ""
    if effect.unit == "difference":
        return f"{effect.low:+.3g} to {effect.high:+.3g}"
    return f"{signed(effect.low)} to {signed(effect.high)}"


def between(effect: Effect) -> str:
    """Return the interval without its signs, the smaller size first: "2.3 % and 6.1 %"."""
    low, high = sorted((abs(effect.low or 0.0), abs(effect.high or 0.0)))
    if effect.unit == "difference":
        return f"{low:.3g} and {high:.3g}"
    return f"{percent(low)} and {percent(high)}"
