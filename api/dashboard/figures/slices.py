"""Slices of a search: value against each coordinate, with a smooth of the mean and its interval.

Like the figures of `search_plots` they show results alone, and do not depend on their order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean

import numpy as np

from api.dashboard.figures.search_plots import (
    MOST_DOTS,
    N_PLACES,
    cut_caption,
    short_name,
    thinned_results,
    values_of,
)
from api.dashboard.figures.smoother import smooth_of
from api.dashboard.figures.themes import OUT_OF_VIEW, Figure, Theme, axis, layout, value_axis
from api.dashboard.figures.value_colours import colours_of
from api.dashboard.searches.search_view import SearchView
from service.report.metric_effects import interval_of_mean
from service.storage.search_points import SearchPoint

COLUMNS = 3
GAP_X, GAP_Y = 0.07, 0.16


def slices_figure(view: SearchView, theme: Theme) -> Figure | None:
    """Show value against each coordinate, with a smooth of the mean and its interval."""
    shown = thinned_results(view, MOST_DOTS)
    if not shown:
        return None
    even = view.even_results()
    # The mean of more of the best and fewer of the others would lie too low.
    sample = even[:: max(-(-len(even) // MOST_DOTS), 1)]
    values = values_of(shown)
    colours = colours_of(values, theme)
    # A value far above the others would press them flat.
    is_log, top = colours.is_log, max(values)
    out_of_view = OUT_OF_VIEW if _zoom(colours.low, colours.high, top, is_log=is_log) else ""
    n_rows = math.ceil(len(view.axes) / COLUMNS)
    n_columns = min(len(view.axes), COLUMNS)
    texts_of = [view.words(point) for point in shown]
    frame: Figure = {}
    data: list[Figure] = []
    for index, own in enumerate(view.axes):
        row, column = divmod(index, COLUMNS)
        ends = "" if index == 0 else str(index + 1)
        on = {"xaxis": f"x{ends}", "yaxis": f"y{ends}", "text": texts_of}
        data.append(_slice_dots(index, shown, on, theme))
        data += _slice_mean(view, index, sample, on, theme, is_log=is_log)
        places, texts = own.ticks()
        frame[f"xaxis{ends}"] = axis(
            theme, short_name(own.name), tickvals=places, ticktext=texts, range=[-0.03, 1.03],
            domain=_domain(column, n_columns, GAP_X), anchor=f"y{ends}", showgrid=False,
        )  # fmt: skip
        frame[f"yaxis{ends}"] = value_axis(
            theme, "Value" if column == 0 else "", is_log=is_log, anchor=f"x{ends}",
            domain=_domain(n_rows - 1 - row, n_rows, GAP_Y if n_rows > 1 else 0.0),
            **_zoom(colours.low, colours.high, top, is_log=is_log),
        )  # fmt: skip
    return {
        "data": data,
        "layout": layout(
            theme,
            f"slices-{view.study.id}",
            hovermode="closest",
            meta={"caption": " ".join(filter(None, (cut_caption(view, MOST_DOTS), out_of_view)))},
            **frame,
        ),
    }


def _domain(place: int, n: int, gap: float) -> list[float]:
    width = (1.0 - gap * (n - 1)) / n
    low = place * (width + gap)
    return [max(low, 0.0), min(low + width, 1.0)]


def _zoom(low: float, high: float, top: float, *, is_log: bool) -> Figure:
    """Begin with most of the values in view; a double click shows all."""
    if is_log or top <= high + 0.5 * (high - low):
        return {}
    room = 0.08 * (high - low)
    return {"range": [low - room, high + 6 * room]}


def _slice_dots(index: int, shown: Sequence[SearchPoint], on: Figure, theme: Theme) -> Figure:
    return {
        "type": "scatter", "mode": "markers", "x": [point.point[index] for point in shown],
        "y": values_of(shown), **on, "hovertemplate": "%{text}<extra></extra>",
        "marker": {"size": 5, "color": theme.control, "opacity": 0.55},
    }  # fmt: skip


def _slice_mean(
    view: SearchView,
    index: int,
    sample: Sequence[SearchPoint],
    on: Figure,
    theme: Theme,
    *,
    is_log: bool,
) -> list[Figure]:
    values = values_of(sample)
    if not values or (is_log and min(values) <= 0):
        return []
    on = {name: on[name] for name in ("xaxis", "yaxis")}
    scaled = [math.log(value) for value in values] if is_log else values
    if view.axes[index].n_choices:
        return _means(view, index, sample, scaled, on, theme, is_log=is_log)
    return _curve([point.point[index] for point in sample], scaled, on, theme, is_log=is_log)


def _curve(
    places: Sequence[float], values: Sequence[float], on: Figure, theme: Theme, *, is_log: bool
) -> list[Figure]:
    at = np.linspace(min(places), max(places), N_PLACES)
    found = smooth_of(places, values, at.tolist())
    if found is None:
        return []
    back = np.exp if is_log else np.asarray
    band = {
        "type": "scatter", "mode": "lines", "x": [*at, *at[::-1]], **on,
        "y": [*back(found.high).tolist(), *back(found.low)[::-1].tolist()],
        "meta": {"is_hidden": True},
        "fill": "toself", "fillcolor": theme.series[0], "opacity": 0.2, "hoverinfo": "skip",
        "line": {"width": 0},
    }  # fmt: skip
    line = {
        "type": "scatter", "mode": "lines", "x": at.tolist(), "y": back(found.mean).tolist(), **on,
        "line": {"color": theme.series[0], "width": 2}, "hoverinfo": "skip",
    }  # fmt: skip
    band["x"] = [float(place) for place in band["x"]]
    return [band, line]


def _means(
    view: SearchView,
    index: int,
    shown: Sequence[SearchPoint],
    values: Sequence[float],
    on: Figure,
    theme: Theme,
    *,
    is_log: bool,
) -> list[Figure]:
    """Show the mean of each choice with the interval of Student's t, from two trials on."""
    own = view.axes[index]
    groups: dict[int, list[float]] = {}
    for point, value in zip(shown, values, strict=True):
        choice = min(int(point.point[index] * own.n_choices), own.n_choices - 1)
        groups.setdefault(choice, []).append(value)
    back = math.exp if is_log else float
    means = {choice: fmean(found) for choice, found in sorted(groups.items()) if len(found) > 1}
    ends = {choice: interval_of_mean(groups[choice]) for choice in means}
    known = [(means[c], end or (means[c], means[c])) for c, end in ends.items()]
    return [
        {
            "type": "scatter", "mode": "markers", **on,
            "x": [(choice + 0.5) / own.n_choices for choice in means],
            "y": [back(mean) for mean in means.values()],
            "marker": {"size": 9, "symbol": "diamond", "color": theme.series[0]},
            "hovertemplate": "mean %{y:.4g}<extra></extra>",
            "error_y": {
                "type": "data", "symmetric": False, "color": theme.series[0], "thickness": 1.5,
                "array": [back(high) - back(mean) for mean, (_, high) in known],
                "arrayminus": [back(mean) - back(low) for mean, (low, _) in known],
            },
        }
    ]  # fmt: skip
