"""A search whose trials somebody else keeps, held against NLopt itself."""

from __future__ import annotations

import random

import nlopt
import pytest

from densearch.direct_l.box import Point
from densearch.direct_l.configurations import ConfigurationSearch, study_of
from tests.support.nlopt_runs import visited


def bowl(point: Point) -> float:
    return sum((x - 0.3) ** 2 * (i + 1) for i, x in enumerate(point))


def visits(dimension: int, n_trials: int) -> list[Point]:
    run = visited(nlopt.GN_DIRECT_L, (0.5,) * dimension, n_trials, bowl, magic_eps=1e-4)
    return run[:n_trials]


@pytest.mark.parametrize("n_workers", [1, 5])
def test_any_order_of_arrival_gives_the_visits_of_nlopt(n_workers: int) -> None:
    search = ConfigurationSearch[Point](study_of(2, n_trials=45), lambda point: point)
    values: dict[Point, float] = {}
    held: list[Point] = []
    drawn = random.Random(n_workers)
    while not search.is_finished:
        while len(held) < n_workers and (point := search.next_point(held, len(held))) is not None:
            held.append(point)
        ended = held.pop(drawn.randrange(len(held)))
        values[ended] = bowl(ended)
        search.update(values, {point: point for point in values})
    assert [point for point, _ in search.sequence] == visits(2, 45)
    again = ConfigurationSearch[Point](study_of(2, n_trials=45), lambda point: point)
    again.update(dict(sorted(values.items())))
    assert again.sequence == search.sequence
    assert again.is_finished


def test_a_changed_value_changes_the_sequence_after_it_alone() -> None:
    search = ConfigurationSearch[Point](study_of(2), lambda point: point)
    values = {point: bowl(point) for point in visits(2, 21)}
    search.update(values)
    before = search.sequence
    search.update({**values, before[10][0]: 99.0})
    fresh = ConfigurationSearch[Point](study_of(2), lambda point: point)
    fresh.update({**values, before[10][0]: 99.0})
    assert search.sequence == fresh.sequence
    assert search.sequence[:11] == before[:11]


def test_a_configuration_is_evaluated_once_and_visited_as_often_as_nlopt_does() -> None:
    def cell(point: Point) -> tuple[int, ...]:
        return tuple(min(int(x * 4), 3) for x in point)

    def of_cell(point: Point) -> float:
        return float(sum((i - 2) ** 2 for i in cell(point)))

    search = ConfigurationSearch[tuple[int, ...]](study_of(2), cell, 16)
    values: dict[tuple[int, ...], float] = {}
    while (point := search.next_point((), 0)) is not None:
        assert cell(point) not in values
        values[cell(point)] = of_cell(point)
        search.update(values)
    assert search.is_finished
    assert len(values) == 16
    found = [point for point, _ in search.sequence]
    assert len(found) > 16
    run = visited(nlopt.GN_DIRECT_L, (0.5, 0.5), len(found), of_cell, magic_eps=1e-4)
    assert found == run[: len(found)]
