"""The values of a search vector as text, for pages and terminals."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# Up to these numbers they are listed one by one.
MOST_LAYERS = 2
MOST_TAPS = 4
# Significant digits of a value without a plateau.
N_DIGITS = 3
_NUMBER = re.compile(r"\d+(?:\.(\d+))?(?:e([+-]?\d+))?")

Entry = Mapping[str, Any]


def layers_text(entry: Entry) -> str:
    """Return which layers share a value: all, a few by name, or how many; "" for a setting."""
    layers: Sequence[str] = entry["layers"]
    if entry["group"] is None:
        return ""
    if entry["group"] == "":
        return "all" if len(layers) > 1 else layers[0]
    return ", ".join(layers) if len(layers) <= MOST_LAYERS else f"{len(layers)} layers"


def taps_text(entry: Entry) -> str:
    """Return what a value sets in their kernels, as offsets from the centre."""
    positions: Sequence[Sequence[int]] | None = entry["positions"]
    if entry["group"] is None:
        return ""
    if positions is None:
        return "all taps but the centre"
    if not positions:
        return "all taps"
    if entry["factors"]:
        return f"{', '.join(entry['factors'])} at {_steps(p[0] for p in positions)}"
    listed = [f"({_steps(tap)})" for tap in positions[:MOST_TAPS]]
    more = len(positions) - len(listed)
    return ", ".join(listed) + (f" and {more} more taps" if more else "")


def _steps(offsets: Iterable[int]) -> str:
    return ", ".join(f"{step:+d}" if step else "0" for step in offsets)


def range_text(entry: Entry) -> str:
    """Return where a value is searched."""
    if entry["choices"] is not None:
        return ", ".join(map(str, entry["choices"]))
    scale = ", logarithmic" if entry["is_log"] else ""
    return f"{entry['low']:.4g} to {entry['high']:.4g}{scale}"


def texts_within(values: Iterable[float], plateau: Entry | None) -> list[str]:
    """Write the values of a best density, each rounded as the ends of its range on the plateau.

    Rounded to the same decimals a value does not leave its range; without one it has `N_DIGITS`.

    Args:
        values: Free values of a density.
        plateau: Of a report's arm; its ``axes`` have ``best``, the value, and ``text``, the range.
    """
    left = list(plateau["axes"]) if plateau else []
    return [_text_within(value, left) for value in values]


def _text_within(value: float, left: list[Entry]) -> str:
    for index, axis in enumerate(left):
        best = axis.get("best")
        if isinstance(best, float | int) and math.isclose(best, value):
            return _rounded_like(value, left.pop(index)["text"])
    return f"{value:.{N_DIGITS}g}"


def _rounded_like(value: float, text: str) -> str:
    ends = _NUMBER.findall(text)
    decimals = min(len(fraction) - int(exponent or 0) for fraction, exponent in ends)
    first = -math.floor(math.log10(abs(value))) if value else 0  # the place of its first digit
    if any(exponent for _, exponent in ends):
        return f"{value:.{max(0, decimals - first)}e}"
    return f"{value:.{max(decimals, first, 0)}f}"
