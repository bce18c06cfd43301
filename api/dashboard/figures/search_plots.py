"""Figures of any search: parallel coordinates, contours, importance, short against full trainings.

They show the trials whose value is a result: failed and diverged ones, whose values are penalties,
would take the scale for themselves. None depends on the order of the trials.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from api.dashboard.figures.themes import Figure, Theme, axis, layout
from api.dashboard.figures.value_colours import ValueColours, colours_of
from api.dashboard.searches.importance import Importance
from api.dashboard.searches.search_selection import SearchSelection
from api.dashboard.searches.search_view import SearchView
from service.storage.search_points import SearchPoint

MOST_LINES = 400
N_SHADES = 8
MOST_DOTS = 1000
N_PLACES = 41
N_CELLS = 60
CAPTION_SHARES = (
    "By PED-ANOVA: how differently the best tenth of the trials is spread along each coordinate. "
    "The line is the middle 95 % of bootstrap samples of the trials."
)
CAPTION_SOME = (
    "{most} of the search's {n} trials are shown: the best, and others from all parts of its "
    "sequence."
)
CAPTION_CUT = "{most} of {n} trials are shown: the best, and as many others evenly by value."


def thinned_results(view: SearchView, most: int) -> list[SearchPoint]:
    """Return at most so many results: the best half of them, and others evenly by value."""
    ordered = sorted(view.results(), key=lambda p: (p.value, p.trial_id))
    if len(ordered) <= most:
        return ordered
    rest = ordered[most // 2 :]
    n = most - most // 2
    return ordered[: most // 2] + [rest[int(i * len(rest) / n)] for i in range(n)]


def parallel_figure(view: SearchView, selection: SearchSelection, theme: Theme) -> Figure | None:
    """Show each trial as a line through its settings, with its value on the last axis."""
    shown = thinned_results(view, MOST_LINES)
    if not shown:
        return None
    colours = colours_of(values_of(shown), theme)
    groups: list[list[SearchPoint]] = [[] for _ in range(N_SHADES)]
    left_out = []
    for point in shown:
        if selection.holds(view, point):
            share = colours.share(point.value or 0.0)
            groups[min(int(share * N_SHADES), N_SHADES - 1)].append(point)
        else:
            left_out.append(point)
    traces = [_lines(view, left_out, colours, theme.grid, 0.6, "not selected")]
    # The best are drawn last, above the others.
    for shade in reversed(range(N_SHADES)):
        colour = colours.colour(colours.value((shade + 0.5) / N_SHADES))
        traces.append(_lines(view, groups[shade], colours, colour, 0.85, "selected"))
    n = len(view.axes)
    names = [*(own.name for own in view.axes), "value"]
    marks = [*(own.ticks() for own in view.axes), _value_ticks(colours)]
    n_choices = [*(own.n_choices for own in view.axes), 0]
    notes = [
        {
            "x": index, "y": place, "text": text, "showarrow": False, "xanchor": "left",
            "xshift": 3, "font": {"size": 10, "color": theme.muted}, "bgcolor": theme.surface,
            "opacity": 0.85,
            "captureevents": n_choices[index] > 0,  # a press on a choice selects it
        }
        for index, (places, texts) in enumerate(marks)
        for place, text in zip(places, texts, strict=True)
    ]  # fmt: skip
    columns = [
        {"type": "line", "x0": i, "x1": i, "y0": 0, "y1": 1,
         "line": {"color": theme.control, "width": 1}}
        for i in range(n + 1)
    ]  # fmt: skip
    scales = {
        "caption": cut_caption(view, MOST_LINES),
        "axes": [*(_scale(view, index) for index in range(n)), _value_scale(colours)],
    }
    return {
        "data": [trace for trace in traces if trace["x"]],
        "layout": layout(
            theme,
            f"parallel-{view.study.id}",
            hovermode="closest",
            dragmode="select",
            annotations=notes,
            shapes=columns,
            xaxis=axis(
                theme,
                "",
                range=[-0.04 * (n + 1), n + 0.1 * (n + 1)],
                tickvals=list(range(n + 1)),
                ticktext=[short_name(name) for name in names],
                showgrid=False,
                fixedrange=True,
            ),
            yaxis={"visible": False, "range": [-0.03, 1.03], "fixedrange": True},
            meta=scales,
        ),
    }


def contour_figure(view: SearchView, selection: SearchSelection, theme: Theme) -> Figure | None:
    """Show the value between the trials along two coordinates, by linear interpolation.

    Where several trials have the same two coordinates the lowest counts.
    """
    shown = thinned_results(view, MOST_DOTS)
    x, y = selection.x, selection.y
    if not shown or x == y:
        return None
    colours = colours_of(values_of(shown), theme)
    lowest: dict[tuple[float, float], float] = {}
    for point in reversed(shown):
        lowest[point.point[x], point.point[y]] = colours.share(point.value or 0.0)
    data = [*_surface(lowest, colours), _contour_dots(view, shown, (x, y), colours, theme)]
    axes = {}
    for name, index in (("xaxis", x), ("yaxis", y)):
        places, texts = view.axes[index].ticks()
        axes[name] = axis(
            theme, view.axes[index].name, range=[0.0, 1.0], tickvals=places, ticktext=texts,
            showgrid=False,
        )  # fmt: skip
    revision = f"contour-{view.study.id}-{x}-{y}"
    return {"data": data, "layout": layout(theme, revision, hovermode="closest", **axes)}


def importance_figure(view: SearchView, found: Importance, theme: Theme) -> Figure | None:
    """Show the share of each coordinate with its interval, the largest on top."""
    if found.fault or not found.shares:
        return None
    order = sorted(range(len(found.shares)), key=lambda i: found.shares[i])
    shares = [found.shares[i] for i in order]
    bar = {
        "type": "bar",
        "orientation": "h",
        "x": shares,
        "y": [short_name(view.axes[i].name) for i in order],
        "marker": {"color": theme.series[0], "opacity": 0.75},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [found.highs[i] - found.shares[i] for i in order],
            "arrayminus": [found.shares[i] - found.lows[i] for i in order],
            "color": theme.ink,
            "thickness": 1.5,
            "width": 4,
        },
        "hovertemplate": "%{y}: %{x:.0%}<extra></extra>",
    }
    own = layout(
        theme,
        f"importance-{view.study.id}",
        xaxis=axis(theme, "Share of the importance", tickformat=".0%", range=[0.0, 1.02]),
        yaxis=axis(theme, "", type="category"),
        bargap=0.35,
        meta={"caption": CAPTION_SHARES},
    )
    return {"data": [bar], "layout": own}


def fidelity_figure(
    view: SearchView, pairs: Sequence[tuple[SearchPoint, float]], theme: Theme
) -> Figure | None:
    """Show the full training's value against the short one's, for the points that have both."""
    if not pairs:
        return None
    short = [point.value or 0.0 for point, _ in pairs]
    full = [value for _, value in pairs]
    ends = [min(short + full), max(short + full)]
    equal = {
        "type": "scatter", "mode": "lines", "x": ends, "y": ends, "hoverinfo": "skip",
        "line": {"color": theme.control, "width": 1, "dash": "dot"},
    }  # fmt: skip
    dots = {
        "type": "scatter",
        "mode": "markers",
        "x": short,
        "y": full,
        "text": [view.words(point) for point, _ in pairs],
        "hovertemplate": "%{text}<br>in full: %{y:.6g}<extra></extra>",
        "marker": {"size": 9, "color": theme.series[0]},
    }
    return {
        "data": [equal, dots],
        "layout": layout(
            theme,
            f"fidelity-{view.study.id}",
            hovermode="closest",
            xaxis=axis(theme, "Short training's value", tickformat=".3~g"),
            yaxis=axis(theme, "Full training's value", tickformat=".3~g"),
        ),
    }


def cut_caption(view: SearchView, most: int) -> str:
    """Say that not all results are shown; "" where all are."""
    n = len(view.results())
    if view.is_cut:
        return CAPTION_SOME.format(most=min(n, most), n=view.n_trials)
    return CAPTION_CUT.format(most=most, n=n) if n > most else ""


def values_of(points: Sequence[SearchPoint]) -> list[float]:
    """Return the values of points that have one."""
    return [point.value for point in points if point.value is not None]


def _lines(
    view: SearchView,
    points: Sequence[SearchPoint],
    colours: ValueColours,
    colour: str,
    opacity: float,
    name: str,
) -> Figure:
    n = len(view.axes)
    x: list[float | None] = []
    y: list[float | None] = []
    texts: list[str | None] = []
    settings: list[list[Any]] = []
    for point in points:
        x += [*range(n + 1), None]
        y += [*point.point, colours.share(point.value or 0.0), None]
        texts += [view.words(point)] * (n + 1) + [None]
        own = [[one.name, one.text(u)] for one, u in zip(view.axes, point.point, strict=True)]
        settings += [*own, ["value", point.value], [None, None]]
    return {
        "type": "scatter", "mode": "lines+markers", "name": name, "x": x, "y": y, "text": texts,
        "hovertemplate": "%{text}<extra></extra>", "opacity": opacity, "customdata": settings,
        "meta": {"columns": ["coordinate", "setting"]},
        "line": {"color": colour, "width": 1.25}, "marker": {"size": 3, "color": colour},
    }  # fmt: skip


def _scale(view: SearchView, index: int) -> dict[str, Any]:
    """Return what the page's script needs to turn a brush on an axis into a selection."""
    own = view.axes[index]
    if own.n_choices:
        places = [(choice + 0.5) / own.n_choices for choice in range(own.n_choices)]
        return {"name": f"p.{own.name}", "choices": [own.text(place) for place in places]}
    units = [own.axis.value(step / (N_PLACES - 1)) for step in range(N_PLACES)]
    return {"name": f"p.{own.name}", "units": units}


def _value_scale(colours: ValueColours) -> dict[str, Any]:
    units = [colours.value(step / (N_PLACES - 1)) for step in range(N_PLACES)]
    return {"name": "value", "units": units}


def _value_ticks(colours: ValueColours) -> tuple[list[float], list[str]]:
    places = [0.0, 0.25, 0.5, 0.75, 1.0] if colours.high > colours.low else [0.0]
    return places, [f"{colours.value(place):.3g}" for place in places]


def _surface(lowest: dict[tuple[float, float], float], colours: ValueColours) -> list[Figure]:
    """Interpolate linearly within the hull of the points; nothing where they lie on a line."""
    from scipy.interpolate import griddata
    from scipy.spatial import QhullError

    places = np.array(list(lowest))
    at = np.linspace(0.0, 1.0, N_CELLS)
    try:
        grid = griddata(places, np.array(list(lowest.values())), tuple(np.meshgrid(at, at)))
    except (QhullError, ValueError):
        return []
    z = [[None if math.isnan(v) else float(v) for v in row] for row in grid]
    n_stops = len(colours.stops)
    return [
        {
            "type": "contour", "x": at.tolist(), "y": at.tolist(), "z": z, "zmin": 0.0,
            "zmax": 1.0, "showscale": False, "hoverinfo": "skip", "contours": {"coloring": "fill"},
            "colorscale": [[i / (n_stops - 1), colours.stops[i]] for i in range(n_stops)],
            "line": {"width": 0.5}, "ncontours": 14, "meta": {"is_hidden": True},
        }
    ]  # fmt: skip


def _contour_dots(
    view: SearchView,
    shown: Sequence[SearchPoint],
    axes: tuple[int, int],
    colours: ValueColours,
    theme: Theme,
) -> Figure:
    marker = colours.marker(values_of(shown), theme, size=6, line={"width": 1, "color": theme.ink})
    return {
        "type": "scatter", "mode": "markers", "meta": {"columns": ["trial", "value"]},
        "customdata": [[point.number, point.value] for point in shown],
        "x": [point.point[axes[0]] for point in shown],
        "y": [point.point[axes[1]] for point in shown],
        "text": [view.words(point) for point in shown],
        "hovertemplate": "%{text}<extra></extra>", "marker": marker,
    }  # fmt: skip


def short_name(name: str) -> str:
    """Return a coordinate's name as HTML text of at most 24 characters."""
    return escape(name if len(name) <= 24 else name[:23] + "…", quote=False)
