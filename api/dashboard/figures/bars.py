"""The bars of an attribution: where each begins and ends, in percent of the room they have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from api.dashboard.formats import NONE, percent

Part = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch, in percent of the room from its left end."""

    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One part of a gain, beside its interval.

    Attributes:
        title: What it is due to.
        arms: Which arms were compared.
        kind: A part, their sum, or what stands beside them.
        n: Seeds.
        zero: Where nothing is gained, in percent of the room.
        fill: From zero to the difference; None where uniform's loss is 0.
        interval: The 95 % interval of it; None with one seed.
        size: The difference in percent of uniform's loss; a gain is positive.
        ends: Its interval in the same unit.
    """

    title: str
    arms: str
    kind: Literal["part", "gain", "beside"]
    n: int
    zero: float
    fill: Span | None
    interval: Span | None
    size: str
    ends: str


def bars(attribution: Mapping[str, Any]) -> list[Bar]:
    """Lay out the bars of a report's ``attribution``, all on one scale."""
    gain, parts, beside = attribution["gain"], attribution["parts"], attribution["beside"]
    low, high = _reach([gain, *parts, *beside])
    return [
        *(_bar(part, "part", low, high) for part in parts),
        _bar(gain, "gain", low, high),
        *(_bar(part, "beside", low, high) for part in beside),
    ]


def _reach(parts: Iterable[Part]) -> tuple[float, float]:
    """Return the least and the greatest value that a bar or an interval reaches."""
    names = ("relative", "relative_low", "relative_high")
    values = [part[name] for part in parts for name in names if part[name] is not None]
    low, high = min([0.0, *values]), max([0.0, *values])
    return (low, high) if low < high else (0.0, 1.0)


def _bar(part: Part, kind: Literal["part", "gain", "beside"], low: float, high: float) -> Bar:
    def span(start: float | None, end: float | None) -> Span | None:
        if start is None or end is None:
            return None
        left, right = min(start, end), max(start, end)
        scale = 100.0 / (high - low)
        return Span((left - low) * scale, (right - left) * scale)

    ends = (part["relative_low"], part["relative_high"])
    title = " and ".join(part["names"])
    return Bar(
        title="gain" if kind == "gain" else title,
        arms=f"{part['arm']} against {part['against']}",
        kind=kind,
        n=part["n"],
        zero=100.0 * -low / (high - low),
        fill=span(0.0, part["relative"]),
        interval=span(*ends),
        size=percent(part["relative"]),
        ends=NONE if None in ends else f"{percent(ends[0])} to {percent(ends[1])}",
    )
