"""Pieces of the report's sentences: counts, lists, percentages."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from densearch.plurals import noun
from service.report.effects import Effect

# Smaller percentages are no difference that anybody sees.
LEAST_PERCENT = 0.005
# The ends of a narrow interval are written with up to so many significant digits.
MOST_DIGITS = 4


def joined(words: Sequence[str]) -> str:
    """Join a list as text: "a, b and c"."""
    *front, last = words
    return f"{', '.join(front)} and {last}" if front else last


def count_of(n: int, what: str) -> str:
    """Return a number with its noun: "1 seed", "3 seeds"."""
    return f"{n} {noun(n, what)}"


def percent(share: float, n_digits: int = 2) -> str:
    """Return a share as a percentage with few significant digits, without its sign: "2.3 %"."""
    value = abs(100.0 * share)
    if value < LEAST_PERCENT:
        return "0 %"
    least = 10.0 ** (n_digits - 1) - 0.05
    return f"{value:.0f} %" if value >= least else f"{value:.{n_digits}g} %"


def signed(share: float, n_digits: int = 2) -> str:
    """Return a share as `percent` does, with its sign: "-12 %"."""
    return ("-" if share < 0.0 else "+") + percent(share, n_digits)


def _ends(low: float, high: float, written: Callable[[float, int], str]) -> tuple[str, str]:
    """Return the ends of an interval with so many digits that they differ, where so many do."""
    texts = [(written(low, n), written(high, n)) for n in range(2, MOST_DIGITS + 1)]
    return next((each for each in texts if each[0] != each[1]), texts[0])


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
    return " to ".join(_ends(effect.low, effect.high, signed))


def between(effect: Effect) -> str:
    """Return the interval without its signs, the smaller size first: "2.3 % and 6.1 %"."""
    low, high = sorted((abs(effect.low or 0.0), abs(effect.high or 0.0)))
    if effect.unit == "difference":
        return f"{low:.3g} and {high:.3g}"
    return " and ".join(_ends(low, high, percent))
