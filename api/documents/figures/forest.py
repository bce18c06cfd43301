"""A forest plot as SVG: a row for each cell with its interval, the pooled ratios below."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from api.documents.figures.svg import safe

_ROW_PX, _LABEL_PX, _PLOT_PX, _TEXT_PX, _TOP_PX = 24, 260, 420, 190, 34
_WIDTH_PX = _LABEL_PX + _PLOT_PX + _TEXT_PX
# Ratios that the axis may have a line at.
_TICKS = (0.25, 0.33, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.25, 1.5, 2.0, 3.0, 4.0)
_MOST_TICKS = 7
_LEAST_REACH, _MOST_REACH = math.log(1.06), math.log(4.0)
_INK, _SOFT, _MARK = "#1f2933", "#9aa5b1", "#0b6e99"


@dataclass(frozen=True, slots=True)
class ForestRow:
    """A row of the plot.

    Attributes:
        label: Of the cell, or of what was pooled.
        ratio: Above 0; None where there is no estimate.
        low: Lower end of its interval; None without.
        high: Upper end.
        text: What stands at the right.
        is_pooled: Whether it is drawn as a diamond.
        points: Ratios of single seeds, drawn as dots.
    """

    label: str
    ratio: float | None
    low: float | None
    high: float | None
    text: str
    is_pooled: bool = False
    points: Sequence[float] = ()


def forest(rows: Sequence[ForestRow], title: str, margin: float) -> str:
    """Draw the rows.

    Args:
        rows: From top to bottom.
        title: What a ratio compares.
        margin: Share of the loss that does not matter, drawn as a band around 1.
    """
    reach = _reach(rows)
    height = _TOP_PX + _ROW_PX * len(rows) + 40
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH_PX} {height}" '
        f'width="{_WIDTH_PX}" height="{height}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="13" fill="{_INK}">'
    )
    parts = [
        head,
        f"<title>{safe(title)}</title>",
        f'<rect width="{_WIDTH_PX}" height="{height}" fill="#ffffff"/>',
        f'<text x="{_LABEL_PX}" y="20" font-weight="600">{safe(title)}</text>',
        *_axis(reach, len(rows), margin),
    ]
    for number, row in enumerate(rows):
        parts += _row(row, _TOP_PX + _ROW_PX * number + _ROW_PX / 2, reach)
    return "\n".join([*parts, "</svg>", ""])


def _arrows(row: ForestRow, y: float, reach: float) -> list[str]:
    """Return an arrow for each end of an interval that lies beyond the plot."""
    edge = math.exp(reach)
    sides = [-1] * (row.low is not None and row.low < 1.0 / edge)
    sides += [1] * (row.high is not None and row.high > edge)
    tips = [(side, _x(edge**side, reach)) for side in sides]
    return [
        f'<polygon points="{x:.1f},{y} {x - 7 * side:.1f},{y - 5} {x - 7 * side:.1f},{y + 5}" '
        f'fill="{_MARK}"/>'
        for side, x in tips
    ]


def _reach(rows: Sequence[ForestRow]) -> float:
    points = [x for row in rows for x in (row.ratio, *row.points)]
    ends = [x for row in rows for x in (row.low, row.high)]
    shown, far = _farthest(points), _farthest(ends)
    # Intervals of few seeds would press the points together.
    return min(
        max(_LEAST_REACH, shown, min(far, 2.0 * max(shown, _LEAST_REACH))) * 1.08, _MOST_REACH
    )


def _farthest(ratios: Sequence[float | None]) -> float:
    return max((abs(math.log(x)) for x in ratios if x is not None and x > 0.0), default=0.0)


def _x(ratio: float, reach: float) -> float:
    # A ratio of 0 or below, which an interval of few seeds may reach, lies beyond the left edge.
    part = min(max(math.log(ratio) / reach, -1.0), 1.0) if ratio > 0.0 else -1.0
    return _LABEL_PX + _PLOT_PX * (1 + part) / 2


def _axis(reach: float, n_rows: int, margin: float) -> list[str]:
    bottom = _TOP_PX + _ROW_PX * n_rows
    low, high = _x(1 - margin, reach), _x(1 + margin, reach)
    band = (
        f'<rect x="{low:.1f}" y="{_TOP_PX}" width="{high - low:.1f}" '
        f'height="{bottom - _TOP_PX}" fill="#e8eef2"/>'
    )
    parts = [band]
    ticks = [tick for tick in _TICKS if abs(math.log(tick)) <= reach]
    while len(ticks) > _MOST_TICKS:
        ticks = [t for i, t in enumerate(ticks) if t == 1.0 or (i - ticks.index(1.0)) % 2 == 0]
    for tick in ticks:
        x, colour = _x(tick, reach), _INK if tick == 1.0 else "#dde3e8"
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP_PX}" y2="{bottom}" stroke="{colour}"/>'
            f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle" font-size="11">'
            f"{tick:g}</text>"
        )
    ends = ((_LABEL_PX, "start", "lower loss"), (_LABEL_PX + _PLOT_PX, "end", "higher loss"))
    parts += [
        f'<text x="{x}" y="{bottom + 32}" text-anchor="{anchor}" font-size="11">{words}</text>'
        for x, anchor, words in ends
    ]
    return parts


def _row(row: ForestRow, y: float, reach: float) -> list[str]:
    weight = ' font-weight="600"' if row.is_pooled else ""
    parts = [
        f'<text x="8" y="{y + 4:.1f}"{weight}>{safe(row.label)}</text>',
        f'<text x="{_LABEL_PX + _PLOT_PX + 10}" y="{y + 4:.1f}"{weight}>{safe(row.text)}</text>',
    ]
    parts += [
        f'<circle cx="{_x(point, reach):.1f}" cy="{y}" r="2.5" fill="{_SOFT}" fill-opacity="0.7"/>'
        for point in row.points
        if point > 0.0
    ]
    if row.ratio is None:
        return parts
    x = _x(row.ratio, reach)
    ends = [_x(end, reach) for end in (row.low, row.high) if end is not None]
    if row.is_pooled and len(ends) == 2:
        points = f"{ends[0]:.1f},{y} {x:.1f},{y - 6} {ends[1]:.1f},{y} {x:.1f},{y + 6}"
        return [*parts, f'<polygon points="{points}" fill="{_INK}"/>']
    if len(ends) == 2:
        parts.append(
            f'<line x1="{ends[0]:.1f}" x2="{ends[1]:.1f}" y1="{y}" y2="{y}" '
            f'stroke="{_MARK}" stroke-width="2"/>'
        )
        parts += _arrows(row, y, reach)
    colour = _SOFT if row.ratio == 1.0 else _MARK
    parts.append(f'<rect x="{x - 4:.1f}" y="{y - 4}" width="8" height="8" fill="{colour}"/>')
    return parts
