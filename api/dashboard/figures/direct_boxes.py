"""The figures of DIRECT-L: its boxes along two coordinates, and their sizes against their values.

In more than two dimensions the boxes are cut by the plane through the best point: those that it
meets tile the square. Nothing here depends on workers or on the order of arrival: a trial stands
where its search's sequence has it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from api.dashboard.figures.themes import Figure, Theme, axis, layout, value_axis
from api.dashboard.figures.value_colours import ValueColours, colours_of
from api.dashboard.figures.views import spans_decades
from api.dashboard.searches.search_selection import SearchSelection
from api.dashboard.searches.search_view import SearchView
from service.samplers.partition import Partition, partition_of
from service.storage.search_points import SearchPoint

# More boxes than this are smaller than a pixel; the largest are drawn.
MOST_BOXES = 1200
MOST_DOTS = 1500
MOST_SIZE_TICKS = 8
SYMBOLS = {"certain": "circle", "conditional": "diamond", "predicted": "triangle-up"}


@dataclass(frozen=True, slots=True)
class DirectState:
    """A search after some iterations.

    Attributes:
        partition: Its boxes.
        trials: The trial at the centre of each.
        n_iterations: How many there are in all.
        chosen: The boxes that are divided next, or may be.
        is_known: Whether they are known to be.
    """

    partition: Partition
    trials: Sequence[SearchPoint]
    n_iterations: int
    chosen: Sequence[int]
    is_known: bool


def state_of(view: SearchView, iteration: int | None) -> DirectState | None:
    """Return a search after some iterations, all when None; None where it has no ended trial."""
    sequence, given = view.sequence()
    if not sequence:
        return None
    points = [trial.point for trial in sequence]
    all_sides = view.study.sampler != "direct_l_rand"
    whole = partition_of(points, given, divides_all_sides=all_sides)
    if not whole.points:
        return None
    n_all = len(whole.iterations)
    is_last = iteration is None or iteration >= n_all
    found = (
        whole if is_last else partition_of(points, given, iteration, divides_all_sides=all_sides)
    )
    chosen = [division.box for division in found.next_up] or found.hull()
    trials = [sequence[number] for number in found.numbers]
    return DirectState(found, trials, n_all, chosen, bool(found.next_up))


def boxes_figure(
    view: SearchView, selection: SearchSelection, state: DirectState, theme: Theme
) -> Figure:
    """Show the boxes along two coordinates, coloured by value; in one dimension, over value."""
    values = [t.value for t in state.trials if view.is_result(t) and t.value is not None]
    colours = colours_of(values, theme)
    if len(view.axes) == 1:
        return _intervals(view, state, colours, theme)
    x, y = selection.x, selection.y
    centres, sides = np.array(state.partition.points), state.partition.sides()
    shown = _cut(view, state, centres, sides, (x, y))
    shapes = [_filled(view, state, box, (x, y), colours, theme) for box in shown]
    chosen = set(state.chosen)
    shapes += [_outlined(state, box, (x, y), theme) for box in shown if box in chosen]
    traces = [
        _dots(view, [state.trials[box] for box in shown], (x, y), colours, theme),
        *_ahead(view, (x, y), theme),
    ]
    return {
        "data": traces,
        "layout": layout(
            theme,
            f"boxes-{view.study.id}-{x}-{y}",
            hovermode="closest",
            shapes=shapes,
            xaxis=_unit_axis(view, x, theme),
            yaxis=_unit_axis(view, y, theme),
        ),
    }


def hull_figure(view: SearchView, state: DirectState, theme: Theme) -> Figure:
    """Show the size of each box against its value, and which of them are divided next."""
    sizes = state.partition.longest()
    is_shown = [view.is_result(trial) for trial in state.trials]
    values = state.partition.values
    every = [box for box in range(len(values)) if is_shown[box]]
    step = max(len(every) // MOST_DOTS, 1)
    hull = [box for box in state.partition.hull() if is_shown[box]]
    chosen = [box for box in state.chosen if is_shown[box]]
    title = "divided next" if state.is_known else "may be divided next"
    kept = [values[box] for box in every]
    marker = {"size": 5, "color": theme.control, "opacity": 0.5}
    is_log = spans_decades(kept)

    def trace(name: str, boxes: Sequence[int], **more: object) -> Figure:
        return {
            "type": "scatter",
            **_entry(name),
            "mode": "markers",
            "x": [float(sizes[box]) for box in boxes],
            "y": [values[box] for box in boxes],
            "text": [view.words(state.trials[box]) for box in boxes],
            "hovertemplate": "%{text}<extra></extra>",
            **more,
        }

    return {
        "data": [
            trace("box", every[::step], marker=marker),
            trace(
                "potentially optimal",
                hull,
                mode="lines+markers",
                line={"color": theme.series[0], "width": 1.5},
                marker={"size": 6, "color": theme.series[0]},
            ),
            trace(
                title,
                chosen,
                marker={
                    "size": 12,
                    "symbol": "circle-open",
                    "color": theme.series[1],
                    "line": {"width": 2},
                },
            ),
        ],
        "layout": layout(
            theme,
            f"hull-{view.study.id}",
            hovermode="closest",
            xaxis=axis(theme, "Longest side of the box", type="log", **_size_ticks(sizes)),
            yaxis=value_axis(theme, "Value", is_log=is_log),
        ),
    }


def _size_ticks(sizes: NDArray[np.float64]) -> Figure:
    """Return ticks at the sizes that there are: a side is one, a third, a ninth ... of the whole.

    Of many the largest, the smallest and some between them have one.
    """
    levels = sorted({round(-math.log(float(size), 3.0)) for size in sizes})
    step = -(-len(levels) // MOST_SIZE_TICKS)
    kept = sorted({*levels[::step], levels[-1]})
    texts = [f"1/{3**level}" if level else "1" for level in kept]
    return {"tickvals": [3.0**-level for level in kept], "ticktext": texts}


def _cut(
    view: SearchView,
    state: DirectState,
    centres: NDArray[np.float64],
    sides: NDArray[np.float64],
    shown: tuple[int, int],
) -> list[int]:
    """Return the boxes that the plane through the best point meets, the largest first."""
    best = min(
        (box for box, trial in enumerate(state.trials) if view.is_result(trial)),
        key=lambda box: state.partition.values[box],
        default=0,
    )
    others = [index for index in range(centres.shape[1]) if index not in shown]
    is_met = np.all(
        np.abs(centres[:, others] - centres[best, others]) <= sides[:, others] / 2.0, axis=1
    )
    areas = sides[:, shown[0]] * sides[:, shown[1]]
    met = np.flatnonzero(is_met)
    kept: list[int] = met[np.argsort(-areas[met], kind="stable")][:MOST_BOXES].tolist()
    return kept


def _filled(
    view: SearchView,
    state: DirectState,
    box: int,
    shown: tuple[int, int],
    colours: ValueColours,
    theme: Theme,
) -> Figure:
    is_result = view.is_result(state.trials[box])
    return {
        **_rectangle(state, box, shown),
        "layer": "below",
        "fillcolor": colours.colour(state.partition.values[box]) if is_result else theme.grid,
        "line": {"color": theme.surface, "width": 0.75},
    }


def _outlined(state: DirectState, box: int, shown: tuple[int, int], theme: Theme) -> Figure:
    line = {"color": theme.series[1], "width": 2.5}
    return {**_rectangle(state, box, shown), "layer": "above", "line": line}


def _rectangle(state: DirectState, box: int, shown: tuple[int, int]) -> Figure:
    (x, y), point, levels = shown, state.partition.points[box], state.partition.levels[box]
    half_x, half_y = 3.0 ** -levels[x] / 2.0, 3.0 ** -levels[y] / 2.0
    ends = {"x0": point[x] - half_x, "x1": point[x] + half_x}
    return {"type": "rect", **ends, "y0": point[y] - half_y, "y1": point[y] + half_y}


def _dots(
    view: SearchView,
    trials: Sequence[SearchPoint],
    shown: tuple[int, int],
    colours: ValueColours,
    theme: Theme,
) -> Figure:
    results = [trial for trial in trials if view.is_result(trial)]
    values = [trial.value for trial in results if trial.value is not None]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "trial of the sequence",
        "customdata": [[trial.number, trial.value] for trial in results],
        "meta": {"columns": ["trial", "value"]},
        "x": [trial.point[shown[0]] for trial in results],
        "y": [trial.point[shown[1]] for trial in results],
        "text": [view.words(trial) for trial in results],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": colours.marker(
            values,
            theme,
            size=6,
            symbol=[SYMBOLS.get(trial.certainty, "circle") for trial in results],
            line={"width": 1, "color": theme.ink},
        ),
    }


def _ahead(view: SearchView, shown: tuple[int, int], theme: Theme) -> list[Figure]:
    """Show the trials without a number: not, or not yet, asked for by the sequence."""
    found = []
    for certainty, symbol in SYMBOLS.items():
        own = [p for p in view.points if p.number is None and p.certainty == certainty][:MOST_DOTS]
        if own:
            found.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    **_entry(f"{certainty}, not in the sequence yet"),
                    "x": [trial.point[shown[0]] for trial in own],
                    "y": [trial.point[shown[1]] for trial in own],
                    "text": [view.words(trial) for trial in own],
                    "hovertemplate": "%{text}<extra></extra>",
                    "marker": {
                        "size": 9,
                        "symbol": f"{symbol}-open",
                        "color": theme.series[3],
                        "line": {"width": 1.75},
                    },
                }
            )
    return found


def _intervals(
    view: SearchView, state: DirectState, colours: ValueColours, theme: Theme
) -> Figure:
    """Show the intervals of a search in one dimension at the height of their values."""
    sides = state.partition.sides()
    traces = []
    chosen = set(state.chosen)
    results = [box for box, trial in enumerate(state.trials) if view.is_result(trial)]
    for name, own in (
        ("box", [box for box in results if box not in chosen]),
        ("divided next" if state.is_known else "may be divided next",
         [box for box in results if box in chosen]),
    ):  # fmt: skip
        x: list[float | None] = []
        y: list[float | None] = []
        for box in own:
            centre, half = state.partition.points[box][0], float(sides[box, 0]) / 2.0
            x += [centre - half, centre + half, None]
            y += [state.partition.values[box]] * 2 + [None]
        is_chosen = name != "box"
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                **_entry(name),
                "x": x,
                "y": y,
                "hoverinfo": "skip",
                "line": {
                    "color": theme.series[1] if is_chosen else theme.control,
                    "width": 4 if is_chosen else 2,
                },
            }
        )
    dots = _dots(view, [state.trials[box] for box in results], (0, 0), colours, theme)
    dots["y"] = [state.partition.values[box] for box in results]
    dots["marker"]["showscale"] = False  # the axis has it
    return {
        "data": [*traces, dots],
        "layout": layout(
            theme,
            f"boxes-{view.study.id}",
            hovermode="closest",
            xaxis=_unit_axis(view, 0, theme),
            yaxis=value_axis(theme, "Value", is_log=colours.is_log),
        ),
    }


def _entry(name: str) -> Figure:
    """Give a trace its name and its place in the legend (static/legends.js)."""
    return {"name": name, "legendgroup": name, "meta": {"label": name}}


def _unit_axis(view: SearchView, index: int, theme: Theme) -> Figure:
    places, texts = view.axes[index].ticks()
    more = {"range": [0.0, 1.0], "tickvals": places, "ticktext": texts, "showgrid": False}
    return axis(theme, view.axes[index].name, **more)
