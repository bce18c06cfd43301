"""The bars of an attribution: start and end of each, in percent of the chart's width."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from api.dashboard.figures.clipping import clipped
from api.dashboard.formats import NONE, percent
from densearch.answers.compared_metric import negated

Part = Mapping[str, Any]
# How far an interval may stretch the scale, in widths of the range of the changes and 0.
ROOM = 2.0


@dataclass(frozen=True, slots=True)
class Span:
    """Left end and width of a rectangle, in percent of the chart's width."""

    left: float
    width: float


@dataclass(frozen=True, slots=True)
class AttributionBar:
    """One part of a gain with its interval.

    Attributes:
        title: The factor that the part is due to.
        arms: The arms that were compared.
        kind: A part of the gain, the whole gain, or a comparison that is not part of it.
        n: Number of seeds.
        zero: Position of zero, in percent of the chart's width.
        fill: From zero to the difference; None where uniform's loss is 0.
        interval: Its 95 % interval; None with one seed.
        size: The change in percent of the loss of the arm that it is compared with; below 0 is
            better, as everywhere on the page.
        ends: Its interval in the same unit.
        cut: At which edges its interval goes on beyond the chart, as classes of CSS.
    """

    title: str
    arms: str
    kind: Literal["part", "gain", "separate"]
    n: int
    zero: float
    fill: Span | None
    interval: Span | None
    size: str
    ends: str
    cut: str


def bars(attribution: Mapping[str, Any]) -> list[AttributionBar]:
    """Return the bars of a report's ``attribution``, all on one scale."""
    gain, parts, separate = attribution["gain"], attribution["parts"], attribution["beside"]
    low, high = _reach([gain, *parts, *separate])
    return [
        *(_bar(part, "part", low, high) for part in parts),
        _bar(gain, "gain", low, high),
        *(_bar(part, "separate", low, high) for part in separate),
    ]


def _reach(parts: Iterable[Part]) -> tuple[float, float]:
    """Return the least and the greatest value that are shown: of all bars, of most intervals."""
    every = list(parts)
    changes = [-part["relative"] for part in every if part["relative"] is not None]
    names = ("relative_low", "relative_high")
    ends = [-part[name] for part in every for name in names if part[name] is not None]
    low, high = clipped([0.0, *changes], ends, ROOM) if any(changes) else _whole(ends)
    return (low, high) if low < high else (0.0, 1.0)


def _whole(ends: Sequence[float]) -> tuple[float, float]:
    return min([0.0, *ends]), max([0.0, *ends])


def _bar(
    part: Part, kind: Literal["part", "gain", "separate"], low: float, high: float
) -> AttributionBar:
    def span(start: float | None, end: float | None) -> Span | None:
        if start is None or end is None:
            return None
        left, right = max(min(start, end), low), min(max(start, end), high)
        scale = 100.0 / (high - low)
        return Span((left - low) * scale, (right - left) * scale)

    # Reports have what is saved; a change has the other sign.
    change = negated(part["relative"])
    ends = negated(part["relative_high"]), negated(part["relative_low"])
    title = " and ".join(part["names"])
    is_cut = {
        "cut-left": ends[0] is not None and ends[0] < low,
        "cut-right": ends[1] is not None and ends[1] > high,
    }
    return AttributionBar(
        title="in all" if kind == "gain" else title,
        arms=f"{part['arm']} against {part['against']}",
        kind=kind,
        n=part["n"],
        zero=100.0 * -low / (high - low),
        fill=span(0.0, change),
        interval=span(*ends),
        size=percent(change),
        ends=NONE if None in ends else f"{percent(ends[0])} to {percent(ends[1])}",
        cut=" ".join(side for side, is_so in is_cut.items() if is_so),
    )
