"""The values of a search vector in words, for pages and terminals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# Up to these numbers they are listed one by one.
MOST_LAYERS = 2
MOST_TAPS = 4

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
