"""The guess at unknown values, against scipy's own interpolator."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import RBFInterpolator

from densearch.direct_l.prediction import MAX_POINTS, Guess, Surrogate, chosen


@pytest.mark.parametrize("dimension", [1, 2, 5, 12])
def test_it_is_scipys_cubic_interpolant(dimension: int) -> None:
    generator = np.random.default_rng(dimension)
    points = generator.random((60, dimension))
    values = np.sin(5.0 * points).sum(axis=1) + 3.0
    elsewhere = generator.random((20, dimension))
    expected = RBFInterpolator(points, values, kernel="cubic", degree=1)(elsewhere)
    ours = Surrogate(points, values)
    assert ours.many(elsewhere) == pytest.approx(expected, abs=1e-6)
    assert [ours(point) for point in elsewhere] == pytest.approx(expected.tolist(), abs=1e-6)


def test_few_points_give_something_finite_between() -> None:
    point = np.array([[0.5, 0.5, 0.5]])
    assert Surrogate(point, np.array([2.0]))(np.array([0.1, 0.9, 0.3])) == pytest.approx(2.0)
    two = np.array([[0.5, 0.5, 0.5], [0.1, 0.5, 0.5]])
    middle = Surrogate(two, np.array([1.0, 3.0]))(np.array([0.3, 0.5, 0.5]))
    assert middle == pytest.approx(2.0, abs=0.1)


def test_points_too_near_to_tell_apart_do_not_break_it() -> None:
    points = np.array([[0.5, 0.5], [0.5, 0.5 + 1e-17], [0.5, 0.5], [0.2, 0.3]])
    assert np.isfinite(Surrogate(points, np.array([1.0, 2.0, 3.0, 4.0]))(np.array([0.4, 0.4])))


def keyed(n: int) -> dict[bytes, float]:
    points = np.random.default_rng(1).random((n, 2))
    return {point.tobytes(): float(point[0]) for point in points}


def test_the_best_and_the_latest_are_modelled() -> None:
    values = keyed(3 * MAX_POINTS)
    points, known = chosen(values)
    assert MAX_POINTS // 2 < len(points) == len(known) <= MAX_POINTS
    kept = {point.tobytes() for point in points}
    assert kept >= set(list(values)[-MAX_POINTS // 2 :])
    assert kept >= set(sorted(values, key=values.__getitem__)[: MAX_POINTS // 2])


def test_a_penalty_does_not_bend_the_model() -> None:
    values = keyed(100)
    plain = Guess(values)
    spoiled = Guess(values | {np.array([0.9, 0.9]).tobytes(): 1e12})
    for x, y in ((0.2, 0.2), (0.5, 0.7), (0.3, 0.9)):
        key = np.array([x, y]).tobytes()
        assert spoiled(key) == pytest.approx(plain(key), abs=0.1)


def test_nothing_known_is_guessed_alike() -> None:
    guess = Guess({})
    assert guess(np.array([0.1]).tobytes()) == guess(np.array([0.9]).tobytes())
