"""The best radius of each cell of a campaign against the data, a line for each other setting."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from service.campaigns.matrix import label_of
from service.campaigns.report.sharpness import N_TRAIN

# Room around the points, in percent of the chart.
ROOM = 6.0
N_MARKS = 4
# Between the points of two series, or their intervals would lie on each other.
APART = 0.5


@dataclass(frozen=True, slots=True)
class RadiusPoint:
    """A cell on the chart; positions in percent from its left and its top."""

    x: float
    y: float
    top: float
    bottom: float
    title: str


@dataclass(frozen=True, slots=True)
class RadiusSeries:
    """The cells that differ by the data alone."""

    label: str
    points: list[RadiusPoint]


@dataclass(frozen=True, slots=True)
class RadiusChart:
    """The chart, with the marks of both axes: positions in percent, and texts."""

    series: list[RadiusSeries]
    x_marks: list[tuple[float, str]]
    y_marks: list[tuple[float, str]]


def radii_of(radius: Mapping[str, Any]) -> RadiusChart | None:
    """Return the chart of a report's ``radius``; None where the data do not vary."""
    cells = [
        cell
        for cell in radius["cells"]
        if cell["radius"] is not None and isinstance(cell["settings"].get(N_TRAIN), int | float)
    ]
    sizes = sorted({cell["settings"][N_TRAIN] for cell in cells})
    if len(sizes) < 2:
        return None
    ends = [cell[name] for cell in cells for name in ("radius", "low", "high") if cell[name]]
    x = _Axis(math.log(sizes[0]), math.log(sizes[-1]))
    y = _Axis(min(ends), max(ends))
    groups: dict[str, list[RadiusPoint]] = {}
    for cell in sorted(cells, key=lambda cell: float(cell["settings"][N_TRAIN])):
        others = {path: v for path, v in cell["settings"].items() if path != N_TRAIN}
        groups.setdefault(label_of(others) or "all", []).append(_point(cell, x, y))
    return RadiusChart(
        series=[
            RadiusSeries(label, [replace(p, x=p.x + APART * place) for p in points])
            for place, (label, points) in enumerate(groups.items())
        ],
        x_marks=[(x.place(math.log(size)), f"{size:,.6g}") for size in sizes],
        y_marks=[(100.0 - y.place(value), f"{value:.2f}") for value in y.marks()],
    )


def _point(cell: Mapping[str, Any], x: _Axis, y: _Axis) -> RadiusPoint:
    radius = cell["radius"]
    low, high = cell["low"] or radius, cell["high"] or radius
    return RadiusPoint(
        x=x.place(math.log(cell["settings"][N_TRAIN])),
        y=100.0 - y.place(radius),
        top=100.0 - y.place(high),
        bottom=100.0 - y.place(low),
        title=f"{cell['label']}: {radius:.3g} taps",
    )


@dataclass(frozen=True, slots=True)
class _Axis:
    low: float
    high: float

    def place(self, value: float) -> float:
        """Return a position in percent, with room at both ends."""
        if self.high <= self.low:
            return 50.0
        return ROOM + (100.0 - 2.0 * ROOM) * (value - self.low) / (self.high - self.low)

    def marks(self) -> Sequence[float]:
        """Return evenly spaced values."""
        step = (self.high - self.low) / (N_MARKS - 1)
        return [self.low + step * n for n in range(N_MARKS)] if step > 0.0 else [self.low]
