"""The lines, bands and dots of the convergence figures, as SVG traces of Plotly.js.

Traces of a series share its `legendgroup`, by which static/legends.js shows and hides them. Their
`meta` is for static/legends.js (`label`) and for `api.dashboard.figures.tables` (the others).
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from api.dashboard.figures.series import Series
from api.dashboard.figures.staircases import Band, Step
from api.dashboard.figures.themes import DASHES, SYMBOLS, Figure, Theme, channels
from service.states import Role

# Of all repeats, and of the middle half of them.
RANGE_OPACITY, HALF_OPACITY = 0.10, 0.22
# What the custom data of a band's line are, as columns of a table.
BAND_COLUMNS = ("lowest", "first quartile", "third quartile", "highest")
WIDTHS = {Role.SEARCH: 2.0, Role.TUNED: 1.25, Role.CONTROL: 1.25}


def colour_of(found: Series, theme: Theme) -> str:
    """Return the colour of a series."""
    if found.role is Role.CONTROL:
        return theme.control
    return theme.series[found.place % len(theme.series)]


def dash_of(found: Series) -> str:
    """Return a series' dash; a control is never solid."""
    if found.role is not Role.SEARCH:
        return DASHES[1 + found.place % (len(DASHES) - 1)]
    return DASHES[found.place % len(DASHES)]


def group_of(found: Series, *columns: str, is_in_table: bool = True) -> Figure:
    """Return what makes a trace one of a series.

    Args:
        found: The series.
        columns: Names of the custom data in a table of the figure.
        is_in_table: Whether its points are rows of such a table.
    """
    meta: Figure = {"label": escape(found.label), "columns": list(columns)}
    meta |= {} if is_in_table else {"is_hidden": True}
    return {"legendgroup": f"series-{found.place}", "meta": meta}


def line_of(found: Series, theme: Theme) -> Figure:
    """Return the colour, width and dash of a series' line."""
    return {
        "color": colour_of(found, theme),
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
        **group_of(found, "trial"),
        "x": [step.x for step in steps],
        "y": [step.value for step in steps],
        "customdata": [step.number for step in steps],
        "line": {**line_of(found, theme), "shape": "hv"},
        "marker": {
            "color": colour_of(found, theme),
            "symbol": SYMBOLS[found.place % len(SYMBOLS)],
            "size": [size if is_step else 0 for is_step in improved],
            "line": {"width": 0},
        },
        "hovertemplate": f"<b>{name}</b><br>best %{{y:.5~g}}<br>trial %{{customdata}}"
        "<extra></extra>",
    }


def band_traces(found: Series, band: Band, theme: Theme) -> list[Figure]:
    """Show repeated searches: the median of their bests so far in two bands.

    The inner band is the middle half of them, between the quartiles, the outer one all of them.
    """
    edges = [
        *_between(found, band.x, band.low, band.high, RANGE_OPACITY, theme),
        *_between(found, band.x, band.first, band.third, HALF_OPACITY, theme),
    ]
    return [*edges, _median_line(found, band, theme)]


def _between(
    found: Series,
    x: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    opacity: float,
    theme: Theme,
) -> list[Figure]:
    edge = {
        "type": "scatter",
        "mode": "lines",
        "name": escape(found.name),
        **group_of(found, is_in_table=False),
        "x": list(x),
        "line": {"width": 0, "shape": "hv"},
        "hoverinfo": "skip",
    }
    fill = {"fill": "tonexty", "fillcolor": faint(colour_of(found, theme), opacity)}
    return [{**edge, "y": list(low)}, {**edge, "y": list(high), **fill}]


def _median_line(found: Series, band: Band, theme: Theme) -> Figure:
    name = escape(found.name)
    columns = zip(band.low, band.first, band.third, band.high, strict=True)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        **group_of(found, *BAND_COLUMNS),
        "x": band.x,
        "y": band.middle,
        "customdata": [list(column) for column in columns],
        "line": {**line_of(found, theme), "shape": "hv"},
        "hovertemplate": f"<b>{name}</b>, {len(found.studies)} repeats<br>median %{{y:.5~g}}<br>"
        "middle half %{customdata[1]:.5~g} to %{customdata[2]:.5~g}<br>"
        "all %{customdata[0]:.5~g} to %{customdata[3]:.5~g}<extra></extra>",
    }


def faint(colour: str, opacity: float) -> str:
    """Return ``#rrggbb`` as a translucent colour."""
    red, green, blue = channels(colour)
    return f"rgba({red},{green},{blue},{opacity})"


def level_line(
    found: Series, value: float, end: float, theme: Theme, start: float = 0.0
) -> Figure:
    """Show a control that is not searched: a level line from `start` to `end`."""
    name = escape(found.name)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        **group_of(found),
        "x": [start, end],
        "y": [value, value],
        "line": line_of(found, theme),
        "hovertemplate": f"<b>{name}</b>, a control<br>%{{y:.5~g}}<extra></extra>",
    }


def dots(found: Series, steps: Sequence[Step], theme: Theme) -> Figure:
    """Show single trials faintly."""
    return {
        "type": "scatter",
        "mode": "markers",
        "name": escape(found.name),
        **group_of(found, is_in_table=False),
        "x": [step.x for step in steps],
        "y": [step.value for step in steps],
        "marker": {"color": colour_of(found, theme), "size": 5, "opacity": 0.4},
        "hoverinfo": "skip",
    }
