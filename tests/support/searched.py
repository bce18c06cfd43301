"""Searches as their pages see them, with values of the tests' own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from api.dashboard.searches.search_view import SearchAxis, SearchView
from densearch.direct_l.replay import Algorithm
from service.records import Study
from service.states import Role, TrialState
from service.storage.search_points import SearchPoint
from service.studies.search_space import Axis, FloatAxis

WORST = 1e9
DONE = True
Function = Callable[[Sequence[float]], float]


def study(sampler: str = "direct_l") -> Study:
    return Study(4, 1, 0, sampler, Role.SEARCH, sampler, 1, 60, 0, DONE, None, None, None)


def point(number: int | None, at: Sequence[float], value: float | None) -> SearchPoint:
    state = TrialState.RUNNING if value is None else TrialState.COMPLETED
    own = 1000 if number is None else number
    certainty = "predicted" if number is None else "certain"
    return SearchPoint(own, number, tuple(at), value, state, certainty, is_diverged=value == WORST)


def axes(n: int) -> list[SearchAxis]:
    return [SearchAxis(f"x{i}", FloatAxis(f"x{i}", 0.0, 10.0)) for i in range(n)]


def by_direct(dimension: int, f: Function, n: int = 61, own: Sequence[Axis] = ()) -> SearchView:
    """Return a search by NLopt's own DIRECT-L."""
    points: list[SearchPoint] = []

    def evaluate(x: Sequence[float], _: object) -> float:
        points.append(point(len(points), [float(u) for u in x], f(x)))
        return f(x)

    Algorithm(dimension, 1e-4).run(n, evaluate)  # type: ignore[arg-type] # arrays are sequences
    named = [SearchAxis(axis.name, axis) for axis in own] or axes(dimension)
    return SearchView(study(), named, points, WORST)
