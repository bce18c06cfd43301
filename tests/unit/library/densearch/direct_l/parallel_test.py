"""`ParallelDirectL` against NLopt itself, run alone: the same points and values, bit for bit."""

from __future__ import annotations

import json
import math
import random
import threading
from collections.abc import Callable, Sequence

import nlopt
import numpy as np
import pytest

from densearch.direct_l import ConflictingValueError, ParallelDirectL, UnknownPointError

Point = tuple[float, ...]
Bounds = Sequence[tuple[float, float]]
FAILED = 50.0


def rough(point: Point) -> float:
    """Many minima, the least of them above -1."""
    return sum((x - 0.37) ** 2 for x in point) + 0.01 * math.sin(97 * sum(point))


def flat(point: Point) -> float:
    """Values that are often equal, and often fail."""
    return math.nan if math.sin(41 * sum(point)) > 0.6 else round(rough(point), 1)


def alone(
    function: Callable[[Point], float], n_trials: int, bounds: Bounds, magic_eps: float
) -> list[tuple[Point, float]]:
    """What NLopt visits by itself; it makes two evaluations where one is allowed."""
    visits: list[tuple[Point, float]] = []

    def evaluate(x: np.ndarray, _gradient: np.ndarray) -> float:
        point = tuple(x.tolist())
        value = function(point)
        visits.append((point, value if math.isfinite(value) else FAILED))
        return visits[-1][1]

    opt = nlopt.opt(nlopt.GN_DIRECT_L, len(bounds))
    opt.set_lower_bounds([low for low, _ in bounds])
    opt.set_upper_bounds([high for _, high in bounds])
    opt.set_param("magic_eps", magic_eps)
    opt.set_maxeval(n_trials)
    opt.set_min_objective(evaluate)
    opt.optimize([(low + high) / 2 for low, high in bounds])
    return visits[:n_trials]


def stored(search: ParallelDirectL) -> ParallelDirectL:
    return ParallelDirectL.load(json.dumps(search.save()))


@pytest.mark.parametrize("dimension", [1, 2, 3, 4])
@pytest.mark.parametrize("function", [rough, flat])
@pytest.mark.parametrize("magic_eps", [0.0, 1e-4])
def test_visits_what_nlopt_visits_in_any_order_and_through_any_store(
    dimension: int, function: Callable[[Point], float], magic_eps: float
) -> None:
    chance = random.Random(f"{dimension} {function.__name__} {magic_eps}")
    for n_trials in (1, 2, chance.randrange(3, 90)):
        bounds = [
            (chance.uniform(-5, 0), chance.uniform(0.1, 7)) if function is rough else (0.0, 1.0)
            for _ in range(dimension)
        ]
        search = ParallelDirectL(
            dimension,
            n_trials,
            bounds=bounds,
            magic_eps=magic_eps,
            lower_bound=chance.choice([None, -1.0]),
            failed_value=FAILED,
        )
        twin, running = stored(search), list[Point]()
        while not search.is_finished:
            if chance.random() < 0.3:
                search = stored(search)
            n = chance.randrange(6)
            asked = search.ask(n)
            assert asked == twin.ask(n), "one that was never stored asks for the same"
            assert len(asked) <= n
            running += asked
            if running:
                point = running.pop(chance.randrange(len(running)))
                for each in (search, twin):
                    each.tell(point, function(point))
            assert sorted(search.pending) == sorted(running)
            assert search.pending == twin.pending
        assert search.ask(3) == []
        assert search.sequence == alone(function, n_trials, bounds, magic_eps)
        assert search.best == min(search.sequence, key=lambda visit: visit[1])


def test_points_that_rounding_makes_one_are_evaluated_once() -> None:
    """A box so narrow that neighbours in it are one float: NLopt asks again, the user is not."""
    bounds = [(1e9, 1e9 + 1e-6)]
    search = ParallelDirectL(1, 60, bounds=bounds)
    asked: list[Point] = []
    while not search.is_finished:
        for point in search.ask(5):
            asked.append(point)
            search.tell(point, rough(point))
        search = stored(search)
    assert len(set(asked)) == len(asked) < 60
    assert search.sequence == alone(rough, 60, bounds, 1e-4)


def test_ask_returns_no_more_than_is_certain() -> None:
    search = ParallelDirectL(2, 50)
    first = search.ask(100)
    assert first[0] == (0.5, 0.5)
    assert 1 < len(first) < 50
    assert search.ask(100) == [], "the rest depends on values"
    assert search.pending == first
    assert search.sequence == []
    assert search.best is None


@pytest.mark.parametrize("failed", [None, math.nan, math.inf, -math.inf])
def test_a_failed_evaluation_counts_as_the_failed_value(failed: float | None) -> None:
    search = ParallelDirectL(1, 3, failed_value=7.0)
    for point in search.ask(3):
        search.tell(point, failed)
    assert [value for _, value in search.sequence] == [7.0] * 3


@pytest.mark.parametrize(
    ("value", "held"), [(10**400, 1e300), (-(10**400), -1e300), (-1e308, -1e300)]
)
def test_a_value_beyond_the_largest_counts_as_that(value: float, held: float) -> None:
    search = ParallelDirectL(1, 1)
    search.tell(search.ask()[0], value)
    assert search.sequence == [((0.5,), held)]


def test_a_value_is_told_once_or_twice_the_same() -> None:
    search = ParallelDirectL(2, 9)
    (point,) = search.ask()
    search.tell(np.array(point), 1)
    search.tell(list(point), 1.0)
    with pytest.raises(ConflictingValueError, match=r"has the value 1\.0 already, not 2\.0"):
        search.tell(point, 2.0)
    assert search.best == (point, 1.0)


@pytest.mark.parametrize("point", [(0.25, 0.5), (0.5,), (0.5, 0.5, 0.5), (math.nan, 0.5)])
def test_a_point_that_was_not_asked_for_is_refused(point: Point) -> None:
    search = ParallelDirectL(2, 9)
    search.ask()
    with pytest.raises(UnknownPointError, match="no point that ask has returned"):
        search.tell(point, 1.0)
    assert search.best is None


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"dimension": 0}, "dimension must be"),
        ({"n_trials": 0}, "n_trials must be"),
        ({"n_trials": 2**31}, "n_trials must be"),
        ({"magic_eps": -1e-4}, "magic_eps must be"),
        ({"magic_eps": math.nan}, "magic_eps must be"),
        ({"lower_bound": -math.inf}, "lower_bound must be"),
        ({"lower_bound": 1e12}, "failed_value must be above lower_bound"),
        ({"failed_value": math.inf}, "failed_value must be"),
        ({"bounds": [(0.0, 1.0)]}, "bounds must hold a pair"),
        ({"bounds": [(0.0, 1.0), (1.0, 1.0)]}, r"bounds\[1\] must be"),
        ({"bounds": [(0.0, 1.0), (0.0, math.inf)]}, r"bounds\[1\] must be"),
        ({"bounds": [(0.0, 1.0), (0.0,)]}, r"bounds\[1\] must be a pair"),
        ({"bounds": [(0.0, 1.0), (-1e308, 1e308)]}, r"bounds\[1\] must be"),
    ],
)
def test_arguments_out_of_range_are_named(arguments: dict[str, object], named: str) -> None:
    given: dict[str, object] = {"dimension": 2, "n_trials": 9, **arguments}
    with pytest.raises(ValueError, match=named):
        ParallelDirectL(**given)  # type: ignore[arg-type]


def test_a_closed_search_is_read_but_not_continued() -> None:
    with ParallelDirectL(1, 5) as search:
        (point,) = search.ask()
        search.tell(point, 1.0)
    for call in (search.ask, lambda: search.tell(point, 1.0)):
        with pytest.raises(ValueError, match="closed"):
            call()
    assert search.best == (point, 1.0)
    assert stored(search).ask(9) != []
    search.close()


def test_threads_share_a_search_and_none_is_left() -> None:
    before = threading.active_count()
    search = ParallelDirectL(2, 60)

    def work() -> None:
        while not search.is_finished:
            for point in search.ask(2):
                search.tell(point, rough(point))

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    assert threading.active_count() == before
    assert search.sequence == alone(rough, 60, [(0.0, 1.0)] * 2, 1e-4)
