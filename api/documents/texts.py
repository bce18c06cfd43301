"""Texts that several sections share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from api.dashboard.formats import NARROW_SPACE, NONE, change, count, interval, number, plain
from densearch.metric_titles import METRIC_TITLES

Row = Mapping[str, Any]


def metric_value(name: str, value: float | None) -> str:
    """Write a metric in the unit in which people name it."""
    if value is None:
        return NONE
    title = METRIC_TITLES.get(name)
    unit = f"{NARROW_SPACE}{title.unit}" if title is not None and title.unit else ""
    return f"{_in_unit(name, value)}{unit}"


def metric_interval(name: str, ends: Sequence[float]) -> str:
    """Write the ends of a metric's interval in that unit, without its name."""
    low, high = (_in_unit(name, end) for end in ends)
    return f"{low} to {high}"


def _in_unit(name: str, value: float) -> str:
    title = METRIC_TITLES.get(name)
    if title is None or not title.unit:
        return number(value)
    return f"{title.factor * value:.2f}"


def metric_title(name: str) -> str:
    """Return what a metric is called."""
    title = METRIC_TITLES.get(name)
    return name if title is None else title.title


def versus_text(versus: Row | None) -> tuple[str, str]:
    """Write an arm's difference to uniform and its interval."""
    if versus is None:
        return NONE, NONE
    size = change(versus.get("change", versus.get("relative")), versus.get("unit"))
    ends = interval(versus)
    return size, NONE if ends is None else f"{ends[0]} to {ends[1]}"


def effect_text(size: str, ends: str) -> str:
    """Write a difference with its interval: the unit stands once."""
    if ends == NONE:
        return size
    unit = f"{NARROW_SPACE}%"
    short = ends.replace(unit, "") if size.endswith(unit) else ends
    return f"{size} ({short})"


def value_text(value: object) -> str:
    """Write a value of a spec: whole numbers in full, flags as yes and no."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {value_text(own)}" for name, own in value.items())
    return count(value) if isinstance(value, int) else plain(value)


def params_text(params: Row) -> str:
    """Write the values of a point."""
    return ", ".join(f"{name} {plain(value)}" for name, value in params.items()) or NONE


def sentences(words: Iterable[str | None]) -> list[str]:
    """Return what there is of some sentences, each once."""
    return list(dict.fromkeys(found for found in words if found))
