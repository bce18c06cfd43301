"""The figures of convergence: the best so far of every study, against trials or time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from itertools import groupby

from api.dashboard.themes import DASHES, SYMBOLS, Figure, Theme, axis, layout
from service.records import Study
from service.states import Role
from service.storage.overview import Result

LOG_FROM_RATIO = 10.0
# The first view is zoomed when the values span this many times the arms' final spread, which
# counts as at least this part of their value.
ZOOM_RATIO = 6.0
ZOOM_FROM = 0.1
MAX_DOTS = 600


@dataclass(frozen=True, slots=True)
class Step:
    """A point of a staircase: from `x` on the best is `value`, found by trial `number`."""

    x: float
    value: float
    number: int


def staircase(points: Iterable[Step]) -> list[Step]:
    """Return the running minimum of points in the order of their x: its steps and its end."""
    steps: list[Step] = []
    last: Step | None = None
    for last in points:
        if not steps or last.value < steps[-1].value:
            steps.append(last)
    if last is not None and last.x > steps[-1].x:
        steps.append(Step(last.x, steps[-1].value, steps[-1].number))
    return steps


def by_study(results: Sequence[Result]) -> dict[int, list[Result]]:
    """Group results, which come ordered by study and number."""
    return {key: list(group) for key, group in groupby(results, lambda r: r.study_id)}


def against_trials(studies: Sequence[Study], results: Sequence[Result], theme: Theme) -> Figure:
    """Show the best so far against the number of trials, counted from 1, in each study."""
    points = {
        study_id: [Step(r.number + 1, r.value, r.number) for r in found]
        for study_id, found in by_study(results).items()
    }
    return _figure(studies, points, theme, "trials", "Trial of the study")


def against_time(
    studies: Sequence[Study], results: Sequence[Result], theme: Theme, since: datetime | None
) -> Figure:
    """Show the best so far against the time since the job started."""
    seconds = {
        study_id: sorted(
            (
                Step(max((r.finished_at - since).total_seconds(), 0.0), r.value, r.number)
                for r in found
            ),
            key=lambda step: (step.x, step.number),
        )
        for study_id, found in by_study(results).items()
        if since is not None
    }
    longest = max((step.x for steps in seconds.values() for step in steps), default=0.0)
    unit_s, unit = _time_unit(longest)
    points = {
        study_id: [Step(step.x / unit_s, step.value, step.number) for step in steps]
        for study_id, steps in seconds.items()
    }
    return _figure(studies, points, theme, "time", f"Time since the start, {unit}")


def _time_unit(longest_s: float) -> tuple[float, str]:
    if longest_s >= 2 * 3600:
        return 3600.0, "h"
    return (60.0, "min") if longest_s >= 120 else (1.0, "s")


def _figure(
    studies: Sequence[Study],
    points: dict[int, list[Step]],
    theme: Theme,
    revision: str,
    x_title: str,
) -> Figure:
    searches = [study for study in studies if study.role == Role.SEARCH and study.id in points]
    controls = [study for study in studies if study.role != Role.SEARCH and study.id in points]
    stairs = {study.id: staircase(points[study.id]) for study in searches}
    end = max((steps[-1].x for steps in stairs.values()), default=1.0)
    traces = [
        *(
            _control(study, points[study.id][0].value, end, theme, _place(study, studies))
            for study in controls
        ),
        *_dots(searches, points, stairs, theme, studies),
        *(_stair(study, stairs[study.id], theme, _place(study, studies)) for study in searches),
    ]
    shown = [step.value for steps in stairs.values() for step in steps]
    shown += [points[study.id][0].value for study in controls]
    kind = "log" if _spans_decades(shown) else "linear"
    ends = [steps[-1].value for steps in stairs.values()]
    ends += [points[study.id][0].value for study in controls]
    return {
        "data": traces,
        "layout": layout(
            theme,
            revision,
            hovermode="closest",
            xaxis=axis(
                theme,
                x_title,
                rangemode="tozero",
                showgrid=False,
                ticks="outside",
                ticklen=4,
                tickcolor=theme.grid,
            ),
            yaxis=axis(
                theme,
                "Best so far",
                type=kind,
                tickformat=".3~g",
                nticks=6,
                **_zoom(ends, shown, kind),
            ),
        ),
    }


def _place(study: Study, studies: Sequence[Study]) -> int:
    return [other.id for other in studies].index(study.id)


def _spans_decades(values: Sequence[float]) -> bool:
    """Whether a logarithmic axis shows more: all values positive, over a decade or more."""
    return bool(values) and min(values) > 0 and max(values) / min(values) >= LOG_FROM_RATIO


def _zoom(ends: Sequence[float], shown: Sequence[float], kind: str) -> Figure:
    """Set the first view to where the arms end when early values would press them flat.

    A double click on the figure shows everything.
    """
    if not ends:
        return {}
    low, high = min(ends), max(ends)
    width = max(high - low, ZOOM_FROM * abs(high))
    if max(shown) - low <= ZOOM_RATIO * width or kind == "log":
        return {}
    return {"range": [low - 0.15 * width, high + width]}


def _stair(study: Study, steps: Sequence[Step], theme: Theme, place: int) -> Figure:
    name = escape(study.name)
    colour = theme.series[place % len(theme.series)]
    improved = [i == 0 or step.value < steps[i - 1].value for i, step in enumerate(steps)]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": [step.x for step in steps],
        "y": [step.value for step in steps],
        "customdata": [step.number for step in steps],
        "line": {
            "color": colour,
            "width": 2,
            "shape": "hv",
            "dash": DASHES[place % len(DASHES)],
        },
        "marker": {
            "color": colour,
            "symbol": SYMBOLS[place % len(SYMBOLS)],
            "size": [7 if is_step else 0 for is_step in improved],
            "line": {"width": 0},
        },
        "hovertemplate": f"<b>{name}</b><br>best %{{y:.5~g}}<br>trial %{{customdata}}"
        "<extra></extra>",
    }


def _control(study: Study, value: float, end: float, theme: Theme, place: int) -> Figure:
    name = escape(study.name)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": [0.0, end],
        "y": [value, value],
        "line": {
            "color": theme.control,
            "width": 1.25,
            "dash": DASHES[place % len(DASHES)],
        },
        "hovertemplate": f"<b>{name}</b>, a control<br>%{{y:.5~g}}<extra></extra>",
    }


def _dots(
    searches: Sequence[Study],
    points: dict[int, list[Step]],
    stairs: dict[int, list[Step]],
    theme: Theme,
    studies: Sequence[Study],
) -> list[Figure]:
    """Show single trials faintly, where they are few and lie in the range of the staircases."""
    if sum(len(points[study.id]) for study in searches) > MAX_DOTS:
        return []
    ceiling = max((stairs[study.id][0].value for study in searches), default=0.0)
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": escape(study.name),
            "x": [step.x for step in points[study.id] if step.value <= ceiling],
            "y": [step.value for step in points[study.id] if step.value <= ceiling],
            "marker": {
                "color": theme.series[_place(study, studies) % len(theme.series)],
                "size": 5,
                "opacity": 0.4,
            },
            "hoverinfo": "skip",
        }
        for study in searches
    ]
