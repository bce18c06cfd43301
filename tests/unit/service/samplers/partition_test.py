"""The boxes of DIRECT-L, against NLopt's own sequences."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from densearch.direct_l.replay import Algorithm
from service.samplers.partition import Partition, partition_of

N_TRIALS = 301


def valley(x: NDArray[np.float64]) -> float:
    return float(np.sum((x - 0.31) ** 2 * (1.0 + np.arange(len(x)))) + 0.3 * math.sin(9 * x[0]))


def steps(x: NDArray[np.float64]) -> float:
    """Ties in most pairs."""
    return float(np.floor(4.0 * np.abs(x - 0.4)).sum())


def searched(
    dimension: int, f: Callable[[NDArray[np.float64]], float], seed: int | None = None
) -> tuple[list[tuple[float, ...]], list[float]]:
    points: list[tuple[float, ...]] = []
    values: list[float] = []

    def evaluate(x: NDArray[np.float64], _: object) -> float:
        points.append(tuple(x.tolist()))
        values.append(f(x))
        return values[-1]

    Algorithm(dimension, 1e-4, seed).run(N_TRIALS, evaluate)
    return points, values


def volumes(partition: Partition) -> float:
    return float(np.prod(partition.sides(), axis=1).sum())


@pytest.mark.parametrize("dimension", [1, 2, 3, 5, 10])
@pytest.mark.parametrize("seed", [None, 3])
def test_the_boxes_fill_the_cube_around_all_points(dimension: int, seed: int | None) -> None:
    points, values = searched(dimension, valley, seed)
    found = partition_of(points, values, divides_all_sides=seed is None)
    assert found.n_strangers == 0
    assert set(found.numbers) == set(range(len(points)))
    assert volumes(found) == pytest.approx(1.0, abs=1e-12)
    # No centre lies in another's box.
    centres, halves = np.array(found.points), found.sides() / 2.0
    inside = np.all(np.abs(centres[:, None] - centres[None]) < halves[None] - 1e-12, axis=2)
    assert inside.sum() == len(found.points)


@pytest.mark.parametrize("f", [valley, steps])
@pytest.mark.parametrize("dimension", [1, 2, 4])
def test_nlopt_divides_the_hull(dimension: int, f: Callable[[NDArray[np.float64]], float]) -> None:
    """What NLopt divides next is on the hull of the boxes as they are before it does."""
    points, values = searched(dimension, f)
    n_whole = len(partition_of(points, values).iterations) - 1  # the budget may cut the last
    for n in range(n_whole):
        found = partition_of(points, values, n)
        assert len(found.iterations) == n
        divided = {division.box for division in found.next_up}
        hull = [(found.longest()[box], found.values[box]) for box in found.hull()]
        # Of equals either may be it.
        assert {(found.longest()[box], found.values[box]) for box in divided} <= set(hull)
        assert max(found.longest()[list(divided)]) == max(found.longest())


def test_points_of_others_are_counted_and_change_nothing() -> None:
    points, values = searched(3, valley)
    whole = partition_of(points, values)
    mixed, given = list(points), list(values)
    for place in (7, 40, 41, 90):
        mixed.insert(place, (0.123, 0.456, 0.789))
        given.insert(place, -1.0)
    found = partition_of(mixed, given)
    assert found.n_strangers == 4
    assert found.points == whole.points
    assert found.levels == whole.levels


def test_it_does_not_depend_on_the_unit_of_the_values() -> None:
    points, values = searched(2, valley)
    scaled = partition_of(points, [7.5 * value - 2.0 for value in values])
    assert scaled.levels == partition_of(points, values).levels
    assert scaled.hull() == partition_of(points, values).hull()


def test_without_a_point_there_is_no_box() -> None:
    assert partition_of([], []).points == []
    assert partition_of([(0.2, 0.5), (0.1, 0.5)], [1.0, 2.0]).n_strangers == 2
    one = partition_of([(0.5, 0.5)], [1.0])
    assert (one.levels, one.hull()) == ([[0, 0]], [0])


def test_the_hull_by_hand() -> None:
    """Three sizes: the middle one is divided unless it lies above the chord of the others."""
    values = {(0.5,): 0.0, (1 / 6,): 5.0, (5 / 6,): 3.0, (0.5 - 1 / 9,): 4.0, (0.5 + 1 / 9,): 2.0}
    found = partition_of(list(values), list(values.values()))
    # Boxes 0, 3 and 4 have a ninth, 1 and 2 a third: the least of each size are 0 and 2.
    assert [min(levels) for levels in found.levels] == [2, 1, 1, 2, 2]
    assert (found.leading(), found.hull()) == ([0, 2], [0, 2])
