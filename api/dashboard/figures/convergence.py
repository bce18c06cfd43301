"""The figure of convergence: the best so far of every study against trials, time or training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import groupby

from sqlalchemy.orm import Session

from api.dashboard.figures.marks import main_domain, marks_in_words, strip_axis, strip_traces
from api.dashboard.figures.series import Series, series_of
from api.dashboard.figures.staircases import Step, band_of, staircase, thinned
from api.dashboard.figures.themes import (
    OUT_OF_VIEW,
    Figure,
    Theme,
    axis,
    layout,
    value_axis,
    whole,
)
from api.dashboard.figures.traces import band_traces, dots, level_line, stair_trace
from api.dashboard.figures.views import (
    TITLES,
    Optimum,
    View,
    kind_of,
    optimum_of,
    spans_decades,
    time_unit,
)
from service.records import Job, Study
from service.states import Role
from service.storage import events, overview, trial_marks
from service.storage.answers import answers_in
from service.storage.overview import Result
from service.storage.trial_marks import TrialMark

# The first view is zoomed when the values span this many times the final spread of the arms; that
# spread counts as at least this fraction of their value.
ZOOM_RATIO = 6.0
ZOOM_FROM = 0.1
MAX_DOTS = 600
# Of each kind.
MAX_MARKS = 300
# More steps of a staircase than a screen has columns.
MAX_STEPS = 2000

BAND_WORDS = (
    "Repeats of a sampler: the line is their median, the dark band the middle half of them "
    "(between the quartiles), the light band all."
)
NO_ZERO = "A regret of 0 has no place on a logarithmic axis: such a line ends before it."
COMPUTE_WORDS = (
    "Time in training: of all trials of the study up to this one, pruned and diverged ones "
    "included; a reused result counts with the time that it took to train."
)

Points = Mapping[int, Sequence[Step]]


def results_of(session: Session, job: Job, order: overview.Order) -> list[Result]:
    """Read the data of a job's figure; of a large study only the steps that can be seen."""
    last_id = events.last_id(session, job.id)
    read = partial(overview.results, session, job.id, order, MAX_DOTS)
    return answers_in(session).about(f"results by {order}", job, last_id, read)


def by_study(results: Sequence[Result]) -> dict[int, list[Result]]:
    """Group results, which come ordered by study and number."""
    return {key: list(group) for key, group in groupby(results, lambda r: r.study_id)}


def marks_of(session: Session, job: Job) -> list[TrialMark]:
    """Read the trials of a job's searches that failed, were pruned, diverged or were reused."""
    last_id = events.last_id(session, job.id)
    read = partial(trial_marks.marks, session, job.id, MAX_MARKS)
    return answers_in(session).about("marks", job, last_id, read)


@dataclass(frozen=True, slots=True)
class Search:
    """What the figure of a job's convergence is drawn from.

    Attributes:
        results: At least one; of a large study its steps in the order of the view.
        since: When the job started.
        function: The name of the function that it minimises; None where it trains.
    """

    studies: Sequence[Study]
    results: Sequence[Result]
    marks: Sequence[TrialMark] = ()
    since: datetime | None = None
    function: str | None = None


def figure_of(search: Search, view: View, theme: Theme) -> Figure:
    """Show the best so far, or the regret, of each study: its repeats as one band.

    The figure depends on the results and their numbers. Against time it depends on when they came,
    against trials and training on nothing else.
    """
    ruler = _Ruler.of(search, view)
    points: dict[int, list[Step]] = {}
    for study_id, found in by_study(search.results).items():
        steps = [Step(ruler.of_result(r), ruler.height(r.value), r.number) for r in found]
        points[study_id] = sorted(steps, key=lambda step: (step.x, step.number))
    known = [_known(found, points) for found in series_of(search.studies)]
    known = [found for found in known if found.studies]
    drawn = _Drawing(known, points, _sizes(search.results), view, theme)
    strips = strip_traces(known, search.marks, ruler.of_mark, theme)
    return {
        "data": [*drawn.traces(), *strips],
        "layout": _layout(drawn, ruler, search, has_marks=bool(strips)),
    }


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
    is_log = spans_decades(shown)
    zoom = _zoom(ends, shown, is_log=is_log)
    longest = max((trace["x"][-1] for trace in drawn), default=0.0)
    title = "Trial of the search that leads"
    return {
        "data": drawn,
        "layout": layout(
            theme,
            "jobs",
            hovermode="closest",
            xaxis=x_axis(theme, title, View(), longest, has_marks=False),
            yaxis=value_axis(theme, "Best so far", is_log=is_log, **zoom),
        ),
    }


def _sizes(results: Sequence[Result]) -> dict[int, int]:
    """Return how many results each study has, including omitted ones."""
    return {result.study_id: result.n_of_study for result in results}


@dataclass(frozen=True, slots=True)
class _Ruler:
    """Where results and marks lie on the axes of a view."""

    view: View
    unit_s: float
    unit: str
    since: datetime | None
    optimum: Optimum | None

    @classmethod
    def of(cls, search: Search, view: View) -> _Ruler:
        values = [result.value for result in search.results]
        optimum = optimum_of(search.function, values) if view.shown == "regret" else None
        plain = cls(view, 1.0, "s", search.since, optimum)
        longest = max((plain.of_result(result) for result in search.results), default=0.0)
        unit_s, unit = time_unit(longest)
        return replace(plain, unit_s=unit_s, unit=unit)

    def of_result(self, result: Result) -> float:
        return self._x(result.number, result.finished_at, result.compute_s)

    def of_mark(self, mark: TrialMark) -> float:
        return self._x(mark.number, mark.finished_at, mark.compute_s)

    def _x(self, number: int, finished_at: datetime, compute_s: float) -> float:
        if self.view.against == "trials":
            return number + 1
        if self.view.against == "compute":
            return compute_s / self.unit_s
        since = self.since if self.since is not None else finished_at
        return max((finished_at - since).total_seconds(), 0.0) / self.unit_s

    def height(self, value: float) -> float:
        # A function's minimum is known to the last digits alone.
        return value if self.optimum is None else max(value - self.optimum.value, 0.0)

    @property
    def x_title(self) -> str:
        title = TITLES[self.view.against]
        return title if self.view.against == "trials" else f"{title}, {self.unit}"


@dataclass(frozen=True, slots=True)
class _Drawing:
    """The series of a figure with their points."""

    series: Sequence[Series]
    points: Points
    sizes: Mapping[int, int]
    view: View
    theme: Theme

    @property
    def searches(self) -> list[Series]:
        return [found for found in self.series if found.role is not Role.CONTROL]

    @property
    def levels(self) -> dict[int, float]:
        """The value of each control, by the place of its series."""
        controls = [found for found in self.series if found.role is Role.CONTROL]
        return {found.place: self.points[found.studies[0].id][0].value for found in controls}

    def stairs(self) -> Points:
        ids = [study.id for found in self.searches for study in found.studies]
        return {i: thinned(staircase(self.points[i]), MAX_STEPS) for i in ids}

    def traces(self) -> list[Figure]:
        stairs = self.stairs()
        n_points = sum(self.sizes[f.studies[0].id] for f in self.searches if not f.is_band)
        drawn = [_search_traces(found, stairs, self.theme) for found in self.searches]
        start, end = _span(stairs, is_log=self.view.x_scale == "log")
        levels = self.levels
        return [
            *(
                level_line(found, levels[found.place], end, self.theme, start)
                for found in self.series
                if found.place in levels
            ),
            *(
                _dots(self.searches, self.points, stairs, self.theme)
                if n_points <= MAX_DOTS
                else ()
            ),
            *(trace for several in drawn for trace in several),
        ]


def _span(stairs: Points, *, is_log: bool) -> tuple[float, float]:
    """Return the ends of the level lines; a logarithmic axis has no 0."""
    end = max((steps[-1].x for steps in stairs.values()), default=1.0)
    firsts = [step.x for steps in stairs.values() for step in steps if step.x > 0]
    return (min(firsts, default=1.0) if is_log else 0.0), end


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


def _layout(drawn: _Drawing, ruler: _Ruler, search: Search, *, has_marks: bool) -> Figure:
    view, theme = drawn.view, drawn.theme
    lines = [trace["y"] for trace in drawn.traces() if "lines" in trace["mode"]]
    shown = [value for line in lines for value in line]
    is_regret = ruler.optimum is not None
    kind = kind_of(view.y_scale, shown, is_auto_log=is_regret or spans_decades(shown))
    is_free = not is_regret and view.y_scale == "auto"
    zoom = _zoom([y[-1] for y in lines], shown, is_log=kind == "log") if is_free else {}
    longest = max((x for trace in drawn.traces() for x in trace["x"]), default=0.0)
    return layout(
        theme,
        view.revision,
        hovermode="closest",
        meta={"caption": _caption(drawn, ruler, search, kind, is_zoomed=bool(zoom))},
        xaxis=x_axis(theme, ruler.x_title, view, longest, has_marks=has_marks),
        yaxis=value_axis(
            theme,
            "Simple regret" if is_regret else "Best so far",
            is_log=kind == "log",
            **zoom,
            **main_domain(has_marks=has_marks),
        ),
        **strip_axis(theme, search.marks),
    )


def x_axis(theme: Theme, title: str, view: View, longest: float, *, has_marks: bool) -> Figure:
    """Return the axis that a search is shown against; it lies below the strip of marks."""
    is_log = view.x_scale == "log"
    return axis(
        theme,
        title,
        type="log" if is_log else "linear",
        **(whole(longest) if view.against == "trials" and not is_log else {}),
        rangemode="tozero",
        showgrid=False,
        ticks="outside",
        ticklen=4,
        tickcolor=theme.grid,
        **({"anchor": "y2"} if has_marks else {}),
    )


def _caption(drawn: _Drawing, ruler: _Ruler, search: Search, kind: str, *, is_zoomed: bool) -> str:
    """Say in words what the figure shows: what can be read from it without pointing at it."""
    view = drawn.view
    parts = [BAND_WORDS] if any(found.is_band for found in drawn.searches) else []
    if ruler.optimum is not None:
        parts.append(ruler.optimum.in_words)
        parts += [NO_ZERO] if kind == "log" else []
    if view.y_scale == "log" and kind != "log":
        parts.append("No value is above 0: the axis is linear.")
    if drawn.levels:
        parts.append("Level lines: controls, which are not searched.")
    if view.against == "compute":
        parts.append(COMPUTE_WORDS)
    parts += [OUT_OF_VIEW] if is_zoomed else []
    return " ".join([*parts, *marks_in_words(search.marks)])


def _zoom(ends: Sequence[float], shown: Sequence[float], *, is_log: bool) -> Figure:
    """Set the first view to where the arms end when early values would press them flat.

    A double click on the figure shows everything.
    """
    if not ends:
        return {}
    low, high = min(ends), max(ends)
    width = max(high - low, ZOOM_FROM * abs(high))
    if max(shown) - low <= ZOOM_RATIO * width or is_log:
        return {}
    return {"range": [low - 0.15 * width, high + width]}
