"""The forest plot of a campaign: each effect with its interval, all on one scale."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.dashboard.formats import percent
from service.report.effects import log_of

# Ends beyond this share of all ends are cut off at the chart's edge.
SHOWN = 0.95
# Marks of the axis, as ratios of the loss.
MARKS = (
    0.25,
    0.5,
    0.7,
    0.8,
    0.9,
    0.95,
    0.98,
    0.99,
    1.0,
    1.01,
    1.02,
    1.05,
    1.1,
    1.25,
    1.5,
    2.0,
    4.0,
)
# Least distance of two marks, in percent of the chart's width.
APART = 14.0


@dataclass(frozen=True, slots=True)
class Strip:
    """One effect on the chart; positions in percent of its width.

    Attributes:
        at: Of the effect.
        low: Of the lower end of its interval.
        high: Of the upper end.
        size: The change of the loss, as text.
        ends: Its interval, as text.
    """

    at: float
    low: float
    high: float
    size: str
    ends: str


@dataclass(frozen=True, slots=True)
class Forest:
    """The chart.

    Attributes:
        zero: Position of no change.
        marks: Positions and texts of the axis.
        strips: Of the cells, by their index; those without an effect are missing.
        mean: The pooled effect, if there is one.
        new: The interval for a task that is not among these.
    """

    zero: float
    marks: list[tuple[float, str]]
    strips: dict[int, Strip]
    mean: Strip | None
    new: Strip | None


def forest_of(report: Mapping[str, Any]) -> Forest | None:
    """Return the forest plot of a campaign's report; None where no cell has an effect."""
    shown = [row for row in report["cells"] if row["change"] is not None]
    if not shown:
        return None
    pooled = report["pooled"]
    scale = _Scale.of([row[end] for row in shown for end in ("low", "high")], pooled)
    mean = new = None
    if pooled is not None:
        mean = scale.strip(pooled["change"], pooled["low"], pooled["high"])
        new = scale.strip(pooled["change"], pooled["prediction_low"], pooled["prediction_high"])
    return Forest(
        zero=scale.place(0.0),
        marks=scale.marks(),
        strips={
            row["index"]: scale.strip(row["change"], row["low"], row["high"]) for row in shown
        },
        mean=mean,
        new=new,
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    """Log ratios from `low` to `high`, left to right."""

    low: float
    high: float

    @classmethod
    def of(cls, ends: Sequence[float], pooled: Mapping[str, Any] | None) -> _Scale:
        logs = sorted(log_of(end) for end in ends)
        n_cut = int(len(logs) * (1.0 - SHOWN) / 2.0)
        kept = logs[n_cut : len(logs) - n_cut]
        if pooled is not None:
            kept += [log_of(pooled["low"]), log_of(pooled["high"])]
        low, high = min([0.0, *kept]), max([0.0, *kept])
        room = 0.04 * (high - low) or 0.05
        return cls(low - room, high + room)

    def place(self, change: float) -> float:
        """Return the position of a change, at the edge where it lies beyond."""
        share = (log_of(change) - self.low) / (self.high - self.low)
        return 100.0 * min(max(share, 0.0), 1.0)

    def strip(self, change: float, low: float, high: float) -> Strip:
        """Return an effect with its interval."""
        ends = f"{percent(low)} to {percent(high)}"
        return Strip(self.place(change), self.place(low), self.place(high), percent(change), ends)

    def marks(self) -> list[tuple[float, str]]:
        """Return marks that are far enough apart, no change among them."""
        inside = [ratio for ratio in MARKS if self.low <= math.log(ratio) <= self.high]
        kept: list[float] = [1.0]
        for ratio in sorted(inside, key=lambda r: abs(math.log(r)), reverse=True):
            place = self.place(ratio - 1.0)
            if all(abs(place - self.place(other - 1.0)) >= APART for other in kept):
                kept.append(ratio)
        return [(self.place(ratio - 1.0), _mark(ratio)) for ratio in sorted(kept)]


def _mark(ratio: float) -> str:
    return "0" if ratio == 1.0 else percent(ratio - 1.0).replace(".0", "")
