"""The lines, bands and dots of the convergence figures, as SVG traces of Plotly.js."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from api.dashboard.figures.series import Series
from api.dashboard.figures.staircases import Band, Step
from api.dashboard.figures.themes import DASHES, SYMBOLS, Figure, Theme
from service.states import Role

BAND_OPACITY = 0.18
WIDTHS = {Role.SEARCH: 2.0, Role.TUNED: 1.25, Role.CONTROL: 1.25}


def _colour(found: Series, theme: Theme) -> str:
    if found.role is Role.CONTROL:
        return theme.control
    return theme.series[found.place % len(theme.series)]


def dash_of(found: Series) -> str:
    """Return a series' dash; a tuned control is never solid."""
    if found.role is Role.TUNED:
        return DASHES[1 + found.place % (len(DASHES) - 1)]
    return DASHES[found.place % len(DASHES)]


def _line(found: Series, theme: Theme) -> Figure:
    return {
        "color": _colour(found, theme),
        "width": WIDTHS[found.role],
        "dash": dash_of(found),
    }


def stair_trace(found: Series, steps: Sequence[Step], theme: Theme) -> Figure:
    """Show the best so far of one search, with a mark wherever it improved."""
    name = escape(found.name)
    improved = [i == 0 or step.value < steps[i - 1].value for i, step in enumerate(steps)]
    size = 7 if found.role is Role.SEARCH else 4
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": [step.x for step in steps],
        "y": [step.value for step in steps],
        "customdata": [step.number for step in steps],
        "line": {**_line(found, theme), "shape": "hv"},
        "marker": {
            "color": _colour(found, theme),
            "symbol": SYMBOLS[found.place % len(SYMBOLS)],
            "size": [size if is_step else 0 for is_step in improved],
            "line": {"width": 0},
        },
        "hovertemplate": f"<b>{name}</b><br>best %{{y:.5~g}}<br>trial %{{customdata}}"
        "<extra></extra>",
    }


def band_traces(found: Series, band: Band, theme: Theme) -> list[Figure]:
    """Show repeated searches: the range of their bests so far, and its median as a line."""
    name = escape(found.name)
    edge = {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": band.x,
        "line": {"width": 0, "shape": "hv"},
        "hoverinfo": "skip",
    }
    middle = {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": band.x,
        "y": band.middle,
        "customdata": [list(pair) for pair in zip(band.low, band.high, strict=True)],
        "line": {**_line(found, theme), "shape": "hv"},
        "hovertemplate": f"<b>{name}</b>, {len(found.studies)} repeats<br>median %{{y:.5~g}}<br>"
        "from %{customdata[0]:.5~g} to %{customdata[1]:.5~g}<extra></extra>",
    }
    fill = {"fill": "tonexty", "fillcolor": _faint(_colour(found, theme))}
    return [{**edge, "y": band.low}, {**edge, "y": band.high, **fill}, middle]


def _faint(colour: str) -> str:
    """Return ``#rrggbb`` as a translucent colour."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{BAND_OPACITY})"


def level_line(found: Series, value: float, end: float, theme: Theme) -> Figure:
    """Show a control that is not searched: a level line from 0 to `end`."""
    name = escape(found.name)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": [0.0, end],
        "y": [value, value],
        "line": _line(found, theme),
        "hovertemplate": f"<b>{name}</b>, a control<br>%{{y:.5~g}}<extra></extra>",
    }


def dots(found: Series, steps: Sequence[Step], theme: Theme) -> Figure:
    """Show single trials faintly."""
    return {
        "type": "scatter",
        "mode": "markers",
        "name": escape(found.name),
        "x": [step.x for step in steps],
        "y": [step.value for step in steps],
        "marker": {"color": _colour(found, theme), "size": 5, "opacity": 0.4},
        "hoverinfo": "skip",
    }
