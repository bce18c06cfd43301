"""The best so far of each search as SVG: staircases against the number of trials."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from api.dashboard.figures.staircases import Step
from api.dashboard.figures.themes import THEMES
from api.dashboard.figures.views import spans_decades
from api.documents.figures import svg

_THEME = THEMES["light"]
_DASHES = ("", "7 4", "2 3", "8 3 2 3")
_LEFT, _RIGHT, _TOP, _BOTTOM = 78.0, 600.0, 14.0, 290.0
_WIDTH, _HEIGHT, _ROW = 870.0, 340.0, 17.0
# The axis ends at this many times the spread of the ends: early values lie above.
_SHOWN_SPREADS, _LEAST_SPREAD = 3.0, 0.05
_N_TICKS = 5


@dataclass(frozen=True, slots=True)
class SearchLine:
    """A search, or several that differ by their seed alone.

    Attributes:
        label: In the legend.
        stairs: The best so far of each, none of them empty.
        place: Chooses colour and dash.
    """

    label: str
    stairs: Sequence[Sequence[Step]]
    place: int

    @property
    def end(self) -> float:
        """The lowest of its last values."""
        return min(stair[-1].value for stair in self.stairs)


@dataclass(frozen=True, slots=True)
class ControlLevel:
    """The value of an arm that is trained once."""

    label: str
    value: float


@dataclass(frozen=True, slots=True)
class _Frame:
    """The axes: where a value is in the picture."""

    most: float
    low: float
    high: float
    is_log: bool

    def x(self, n: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * min(n / self.most, 1.0)

    def y(self, value: float) -> float:
        low, high, at = self.low, self.high, min(max(value, self.low), self.high)
        if self.is_log:
            low, high, at = math.log(low), math.log(high), math.log(at)
        return _BOTTOM - (_BOTTOM - _TOP) * (at - low) / (high - low)


def search_lines(
    lines: Sequence[SearchLine], levels: Sequence[ControlLevel], title: str, y_title: str
) -> str:
    """Draw the searches; of values far above where they end only the direction is seen.

    Args:
        lines: At least one.
        levels: Drawn as dashed lines over the whole width.
        title: Of the picture, for those who do not see it.
        y_title: Of the vertical axis.
    """
    frame = _frame(lines, levels)
    parts = [*_axes(frame, y_title)]
    parts += [_level(level, frame) for level in levels]
    parts += [_stair(found, stair, frame) for found in lines for stair in found.stairs]
    parts += _legend(lines, levels)
    n_rows = len(lines) + len(levels)
    return svg.whole(_WIDTH, max(_HEIGHT, _TOP + _ROW * n_rows + 20), title, parts, _THEME.ink)


def _frame(lines: Sequence[SearchLine], levels: Sequence[ControlLevel]) -> _Frame:
    stairs = [stair for found in lines for stair in found.stairs]
    ends = [*(stair[-1].value for stair in stairs), *(level.value for level in levels)]
    low, top = min(ends), max([*(stair[0].value for stair in stairs), *ends])
    spread = max(max(ends) - low, _LEAST_SPREAD * abs(max(ends)), 1e-300)
    is_log = spans_decades(ends)
    high = top if is_log else min(top, low + _SHOWN_SPREADS * spread)
    room = 0.06 * (high - low) or spread
    most = max(stair[-1].x for stair in stairs)
    if is_log:
        return _Frame(most, low / 1.2, high * 1.2, is_log=True)
    return _Frame(most, low - room, high + room, is_log=False)


def _axes(frame: _Frame, y_title: str) -> list[str]:
    parts = []
    for value in _ticks(frame.low, frame.high, is_log=frame.is_log):
        y = frame.y(value)
        parts.append(svg.line(_LEFT, y, _RIGHT, y, stroke=_THEME.grid))
        parts.append(svg.text(_LEFT - 8, y + 4, f"{value:.4g}", size=11, text_anchor="end"))
    for value in _ticks(0.0, frame.most, is_log=False):
        if value == int(value):
            x = frame.x(value)
            parts.append(svg.text(x, _BOTTOM + 18, f"{value:g}", size=11, text_anchor="middle"))
    parts.append(svg.line(_LEFT, _BOTTOM, _RIGHT, _BOTTOM, stroke=_THEME.muted))
    middle = (_LEFT + _RIGHT) / 2
    parts.append(svg.text(middle, _BOTTOM + 38, "Trials of the search", text_anchor="middle"))
    turned = f"rotate(-90 16 {(_TOP + _BOTTOM) / 2:.0f})"
    y = (_TOP + _BOTTOM) / 2
    return [*parts, svg.text(16, y, y_title, text_anchor="middle", transform=turned)]


def _ticks(low: float, high: float, *, is_log: bool) -> list[float]:
    """Return round values within a range."""
    if is_log:
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        every = [digit * 10.0**power for power in powers for digit in (1, 2, 5)]
        inside = [value for value in every if low <= value <= high]
        return inside if len(inside) <= 2 * _N_TICKS else inside[::3]
    raw = (high - low) / _N_TICKS
    unit = 10.0 ** math.floor(math.log10(raw))
    step = next(unit * digit for digit in (1, 2, 5, 10) if unit * digit >= raw)
    first = math.ceil(low / step)
    return [step * n for n in range(first, math.floor(high / step) + 1)]


def _stair(found: SearchLine, stair: Sequence[Step], frame: _Frame) -> str:
    points = []
    for before, step in zip([None, *stair[:-1]], stair, strict=True):
        if before is not None:
            points.append(f"{frame.x(step.x):.1f},{frame.y(before.value):.1f}")
        points.append(f"{frame.x(step.x):.1f},{frame.y(step.value):.1f}")
    return (
        f'<polyline points="{" ".join(points)}" fill="none" stroke="{_colour(found.place)}" '
        f'stroke-width="2"{_dash(found.place)}/>'
    )


def _level(level: ControlLevel, frame: _Frame) -> str:
    y = frame.y(level.value)
    return svg.line(_LEFT, y, _RIGHT, y, stroke=_THEME.control, stroke_dasharray="3 4")


def _legend(lines: Sequence[SearchLine], levels: Sequence[ControlLevel]) -> list[str]:
    """Return a row for each line, the lowest end last, as the lines end."""
    rows = [(found.end, found.label, _colour(found.place), _dash(found.place)) for found in lines]
    dashed = ' stroke-dasharray="3 4"'
    rows += [(level.value, level.label, _THEME.control, dashed) for level in levels]
    parts = []
    for place, (value, label, colour, dash) in enumerate(sorted(rows, key=lambda row: -row[0])):
        y = _TOP + 4 + _ROW * place
        swatch = f'stroke="{colour}" stroke-width="2"{dash}'
        parts.append(f'<line x1="{_RIGHT + 14}" y1="{y}" x2="{_RIGHT + 38}" y2="{y}" {swatch}/>')
        words = f"{svg.shortened(label, 22)}  {value:.4g}"
        parts.append(svg.text(_RIGHT + 44, y + 4, words, size=11))
    return parts


def _colour(place: int) -> str:
    return _THEME.series[place % len(_THEME.series)]


def _dash(place: int) -> str:
    dash = _DASHES[place % len(_DASHES)]
    return f' stroke-dasharray="{dash}"' if dash else ""
