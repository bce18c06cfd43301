"""The figures of convergence: the best so far of every study, against trials or time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import groupby

from sqlalchemy.orm import Session

from api.dashboard.figures.series import Series, series_of
from api.dashboard.figures.staircases import Step, band_of, staircase, thinned
from api.dashboard.figures.themes import Figure, Theme, axis, layout
from api.dashboard.figures.traces import band_traces, dots, level_line, stair_trace
from service.records import Job, Study
from service.states import Role
from service.storage import events, overview
from service.storage.answers import answers_in
from service.storage.overview import Result

LOG_FROM_RATIO = 10.0
# The first view is zoomed when the values span this many times the final spread of the arms; that
# spread counts as at least this fraction of their value.
ZOOM_RATIO = 6.0
ZOOM_FROM = 0.1
MAX_DOTS = 600
# More steps of a staircase than a screen has columns.
MAX_STEPS = 2000

Points = Mapping[int, Sequence[Step]]


def results_of(session: Session, job: Job, order: overview.Order) -> list[Result]:
    """Read the data of a job's figure; of a large study only the steps that can be seen."""
    last_id = events.last_id(session, job.id)
    read = partial(overview.results, session, job.id, order, MAX_DOTS)
    return answers_in(session).about(f"results by {order}", job, last_id, read)


def by_study(results: Sequence[Result]) -> dict[int, list[Result]]:
    """Group results, which come ordered by study and number."""
    return {key: list(group) for key, group in groupby(results, lambda r: r.study_id)}


def against_trials(studies: Sequence[Study], results: Sequence[Result], theme: Theme) -> Figure:
    """Show the best so far against the number of trials, counted from 1, in each study."""
    points = {
        study_id: [Step(r.number + 1, r.value, r.number) for r in found]
        for study_id, found in by_study(results).items()
    }
    return _figure(studies, points, _sizes(results), theme, "trials", "Trial of the study")


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
    x_title = f"Time since the start, {unit}"
    return _figure(studies, points, _sizes(results), theme, "time", x_title)


def across_jobs(lines: Sequence[tuple[str, Study, Sequence[Result]]], theme: Theme) -> Figure:
    """Show the best so far of one search of each of several jobs, against its trials.

    Args:
        lines: The name of each line, its study, and the results of its job.
        theme: Colours.
    """
    drawn = []
    for place, (name, study, results) in enumerate(lines):
        own = [Step(r.number + 1, r.value, r.number) for r in results if r.study_id == study.id]
        if own:
            series = Series(place, name, study.role, (study,))
            drawn.append(stair_trace(series, thinned(staircase(own), MAX_STEPS), theme))
    shown = [value for trace in drawn for value in trace["y"]]
    ends = [trace["y"][-1] for trace in drawn]
    title = "Trial of the search that leads"
    return {"data": drawn, "layout": _layout(theme, "jobs", title, ends, shown)}


def _sizes(results: Sequence[Result]) -> dict[int, int]:
    """Return how many results each study has, including omitted ones."""
    return {result.study_id: result.n_of_study for result in results}


def _time_unit(longest_s: float) -> tuple[float, str]:
    if longest_s >= 2 * 3600:
        return 3600.0, "h"
    return (60.0, "min") if longest_s >= 120 else (1.0, "s")


def _figure(
    studies: Sequence[Study],
    points: Points,
    sizes: Mapping[int, int],
    theme: Theme,
    revision: str,
    x_title: str,
) -> Figure:
    known = [_known(found, points) for found in series_of(studies)]
    known = [found for found in known if found.studies]
    controls = [found for found in known if found.role is Role.CONTROL]
    searches = [found for found in known if found.role is not Role.CONTROL]
    own = [study.id for found in searches for study in found.studies]
    stairs = {study_id: thinned(staircase(points[study_id]), MAX_STEPS) for study_id in own}
    n_points = sum(sizes[found.studies[0].id] for found in searches if not found.is_band)
    drawn = [_search_traces(found, stairs, theme) for found in searches]
    end = max((steps[-1].x for steps in stairs.values()), default=1.0)
    levels = {found.place: points[found.studies[0].id][0].value for found in controls}
    traces = [
        *(level_line(found, levels[found.place], end, theme) for found in controls),
        *(_dots(searches, points, stairs, theme) if n_points <= MAX_DOTS else ()),
        *(trace for several in drawn for trace in several),
    ]
    lines = [trace["y"] for several in drawn for trace in several]
    ends = [*(line[-1] for line in lines), *levels.values()]
    shown = [*(value for line in lines for value in line), *levels.values()]
    return {"data": traces, "layout": _layout(theme, revision, x_title, ends, shown)}


def _known(found: Series, points: Points) -> Series:
    """Leave out the studies of a series that have no result yet."""
    studies = tuple(study for study in found.studies if study.id in points)
    return Series(found.place, found.name, found.role, studies)


def _search_traces(found: Series, stairs: Points, theme: Theme) -> list[Figure]:
    """Return the line of a search, or the band of its repeats."""
    own = [stairs[study.id] for study in found.studies]
    if not found.is_band:
        return [stair_trace(found, own[0], theme)]
    band = band_of(own, [study.is_finished for study in found.studies])
    return band_traces(found, band, theme) if band.x else []


def _dots(
    searches: Sequence[Series], points: Points, stairs: Points, theme: Theme
) -> list[Figure]:
    """Show single trials faintly, where they lie in the range of the staircases."""
    alone = [found for found in searches if not found.is_band]
    ceiling = max((stairs[found.studies[0].id][0].value for found in alone), default=0.0)
    return [
        dots(found, [s for s in points[found.studies[0].id] if s.value <= ceiling], theme)
        for found in alone
    ]


def _layout(
    theme: Theme, revision: str, x_title: str, ends: Sequence[float], shown: Sequence[float]
) -> Figure:
    kind = "log" if _spans_decades(shown) else "linear"
    return layout(
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
    )


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
