"""One search of a job as its page shows it: its axes in real units, and its trials."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from sqlalchemy.orm import Session

from api.trial_query import names_of
from service import samplers
from service.errors import InvalidSpecError
from service.jobs.commands import resolved_of
from service.records import Job, Study
from service.states import Role, TrialState
from service.storage import events, search_points, trials
from service.storage.answers import answers_in
from service.storage.search_points import SearchPoint, SomePoints
from service.studies.search_space import Axis, CategoryAxis, FloatAxis, IntegerAxis
from service.studies.spaces import centre_of

# Trials of a search that its page looks at, and of its sequence for its boxes.
MOST_POINTS = 5000
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
MOST_CHOICES_SHOWN = 8
# Between the end of an axis and its first tick, as a part of the axis.
LEAST_GAP = 0.1
DIRECT = ("direct_l", "direct_l_rand", "direct_l_bobyqa", "direct_l_model")


@dataclass(frozen=True, slots=True)
class SearchAxis:
    """A coordinate of a search.

    Attributes:
        name: Different for each coordinate of a search.
        axis: Between the unit interval and real units.
    """

    name: str
    axis: Axis

    @property
    def n_choices(self) -> int:
        """How many choices it has, 0 for a number."""
        return len(self.axis.choices) if isinstance(self.axis, CategoryAxis) else 0

    def text(self, u: float) -> str:
        """Return the setting at a place of the unit interval, as text."""
        value = self.axis.value(u)
        return f"{value:.4g}" if isinstance(value, float) else str(value)

    def ticks(self) -> tuple[list[float], list[str]]:
        """Return places of the unit interval and their texts, for an axis of a figure."""
        places: Sequence[float] = SHARES
        if isinstance(self.axis, FloatAxis) and not self.axis.is_log:
            places = round_places(self.axis.low, self.axis.high)
        n = self.n_choices or self._n_integers()
        if 0 < n <= MOST_CHOICES_SHOWN:
            places = [(index + 0.5) / n for index in range(n)]
        return list(places), [self.text(place) for place in places]

    def _n_integers(self) -> int:
        is_whole = isinstance(self.axis, IntegerAxis) and not self.axis.is_log
        return int(self.axis.high - self.axis.low) + 1 if is_whole else 0  # type: ignore[union-attr]


def round_places(low: float, high: float) -> list[float]:
    """Return places of the unit interval for ticks: its ends, and round numbers between them."""
    rough = (high - low) / 5.0
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * next(size for size in (1.0, 2.0, 5.0, 10.0) if size * power >= 0.999 * rough)
    first, last = math.ceil(low / step), math.floor(high / step)
    between = [(step * k - low) / (high - low) for k in range(first, last + 1)]
    return [0.0, *(u for u in between if LEAST_GAP < u < 1.0 - LEAST_GAP), 1.0]


@dataclass(frozen=True, slots=True)
class SearchView:
    """A search, as figures and the page show it.

    Attributes:
        axes: Its coordinates, in a point's order.
        points: Its trials in the order of issue; of more than `MOST_POINTS` a choice, see
            `service.storage.search_points.some_points`.
        worst: What its sampler received for a trial that failed.
        first: Where `points` are a choice, the first of its sequence; else none.
        n_trials: How many it has, at least the number of `points`.
    """

    study: Study
    axes: Sequence[SearchAxis]
    points: Sequence[SearchPoint]
    worst: float
    first: Sequence[SearchPoint] = ()
    n_trials: int = 0

    @property
    def is_direct(self) -> bool:
        """Whether its sampler divides boxes."""
        return self.study.sampler in DIRECT

    @property
    def is_cut(self) -> bool:
        """Whether it has more trials than are looked at."""
        return self.n_trials > len(self.points)

    @property
    def n_even(self) -> int:
        """How many of the points are an even sample of it."""
        return sum(point.is_even for point in self.points)

    def results(self) -> list[SearchPoint]:
        """Return the trials whose value is a result: completed, and not diverged."""
        return [point for point in self.points if self.is_result(point)]

    def even_results(self) -> list[SearchPoint]:
        """Return those of an even sample, from which means and shares are estimated."""
        return [point for point in self.results() if point.is_even]

    def is_result(self, point: SearchPoint) -> bool:
        """Whether a trial's value is a result."""
        is_done = point.state is TrialState.COMPLETED and not point.is_diverged
        return is_done and point.value is not None and point.value < self.worst

    def best(self) -> SearchPoint | None:
        """Return the best trial of its sequence, else the best that ran ahead."""
        results = self.results()
        numbered = [point for point in results if point.number is not None]
        return min(numbered or results, key=lambda p: (p.value, p.trial_id), default=None)

    def sequence(self) -> tuple[list[SearchPoint], list[float]]:
        """Return the trials of its sequence as far as all have ended, and what it was given."""
        numbered = {point.number: point for point in self._begun if point.number is not None}
        found: list[SearchPoint] = []
        while (point := numbered.get(len(found))) is not None and point.state.is_final:
            found.append(point)
        return found, [self._given(point) for point in found]

    @property
    def _begun(self) -> Sequence[SearchPoint]:
        return self.first or self.points

    def _given(self, point: SearchPoint) -> float:
        has_value = point.state in (TrialState.COMPLETED, TrialState.PRUNED)
        is_known = has_value and point.value is not None
        return min(point.value, self.worst) if is_known and point.value is not None else self.worst

    def words(self, point: SearchPoint) -> str:
        """Return a trial's number, its value and its setting for the hints of figures."""
        name = "run ahead" if point.number is None else f"trial {point.number}"
        value = "no value" if point.value is None else f"{point.value:.6g}"
        pairs = zip(self.axes, point.point, strict=False)
        own = "<br>".join(f"{_plain(axis.name)} {_plain(axis.text(u))}" for axis, u in pairs)
        return f"{name}: {value if not point.is_diverged else 'diverged'}<br>{own}"


def searches_of(own: Sequence[Study]) -> list[Study]:
    """Return the studies of a job that search."""
    return [
        study
        for study in own
        if study.role in (Role.SEARCH, Role.TUNED) and not samplers.is_learned(study.sampler)
    ]


def view_of(session: Session, job: Job, study: Study) -> SearchView:
    """Read one search of a job."""
    last_id = events.last_id(session, job.id)

    def read() -> SomePoints:
        return search_points.some_points(session, study.id, MOST_POINTS)

    def read_first() -> list[SearchPoint]:
        return search_points.first_points(session, study.id, MOST_POINTS)

    asked = answers_in(session)
    some = asked.about(f"points of study {study.id}", job, last_id, read)
    is_boxed = some.n_trials > len(some) and study.sampler in DIRECT
    first = asked.about(f"first of study {study.id}", job, last_id, read_first) if is_boxed else []
    points = some.points
    dimension = len(points[0].point) if points else 0
    axes, worst = _axes(job, study, dimension)
    names = names_of(trials.get(session, points[0].trial_id).params) if points else []
    return SearchView(study, _named(axes, names), points, worst, first, some.n_trials)


def _axes(job: Job, study: Study, dimension: int) -> tuple[list[Axis], float]:
    """Return the axes of a search and its worst value; plain ones where the spec is of old."""
    try:
        resolved = resolved_of(job)
    except InvalidSpecError:
        return _plain_axes(dimension), float("inf")
    space = resolved.spaces.of(study.name)
    axes: list[Axis] = [*space.vector, *space.settings]
    # The range of such a control lies around another study's best rate.
    is_moved = study.role is Role.TUNED and centre_of(resolved.spec, study.name) is not None
    if is_moved or (dimension and len(axes) != dimension):
        axes = _plain_axes(dimension)
    return axes, resolved.spec.diverged_value


def _plain_axes(dimension: int) -> list[Axis]:
    return [FloatAxis(f"coordinate {index}", 0.0, 1.0) for index in range(dimension)]


def _named(axes: Sequence[Axis], params: Sequence[str]) -> list[SearchAxis]:
    """Name the axes as the params of the trials are, where there is one for each."""
    names = params if len(params) == len(axes) else [axis.name for axis in axes]
    return [
        SearchAxis(name if names.count(name) == 1 else f"{name} ({index})", axis)
        for index, (name, axis) in enumerate(zip(names, axes, strict=True))
    ]


def _plain(text: str) -> str:
    """Return a text without what Plotly.js takes for markup."""
    return escape(text, quote=False)
