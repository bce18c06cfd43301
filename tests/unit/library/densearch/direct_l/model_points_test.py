"""Points where a model is least: on their own grid, apart from others, by the seed alone."""

from __future__ import annotations

import numpy as np
import pytest

from densearch.direct_l.model_points import DISTANCES, GRID, ModelPoints, points_of

MINIMISER = np.array([0.31, 0.62, 0.44])


def sampled(n: int) -> tuple[np.ndarray, np.ndarray]:
    points = np.random.default_rng(4).random((n, 3))
    return points, ((points - MINIMISER) ** 2).sum(axis=1)


def proposed(
    n: int, taken: np.ndarray | None = None, *, seed: int = 1, turn: int = 0
) -> np.ndarray:
    points, values = sampled(n)
    near = np.empty((0, 3)) if taken is None else taken
    return np.array(ModelPoints(points, values, near).propose(seed, turn))


def test_it_goes_where_the_values_are_least() -> None:
    found = proposed(60)
    assert np.abs(found - MINIMISER).max() < 0.05
    assert ((found - MINIMISER) ** 2).sum() < sampled(60)[1].min()


def test_the_seed_decides() -> None:
    assert proposed(20, seed=3).tolist() == proposed(20, seed=3).tolist()
    assert proposed(20, seed=3).tolist() != proposed(20, seed=4).tolist()


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_it_keeps_the_distance_of_its_turn(turn: int) -> None:
    first = proposed(60, turn=turn)
    second = proposed(60, np.array([first]), turn=turn)
    # The grid moves a point by at most one cell along each axis.
    least = DISTANCES[turn % len(DISTANCES)] * 3**0.5 - 2 * GRID * 3**0.5
    assert np.linalg.norm(first - second) >= least


def test_its_grid_is_not_the_trees() -> None:
    for turn in range(5):
        found = proposed(20, seed=turn, turn=turn)
        assert all(float(x / GRID) % 2 == 1.0 for x in found)
        assert all(0.0 < x < 1.0 for x in found)
        assert 0.5 not in found


def test_where_all_is_taken_it_goes_as_far_away_as_it_can() -> None:
    axis = np.linspace(0.0, 1.0, 51)
    grid = axis[:, None]
    found = ModelPoints(grid, (grid[:, 0] - 0.3) ** 2, grid).propose(seed=1, turn=0)
    assert np.abs(grid[:, 0] - found[0]).min() > 0.009, "between two of them"


def test_points_are_read_from_their_bytes() -> None:
    points = np.random.default_rng(2).random((4, 3))
    read = points_of([point.tobytes() for point in points], 3)
    np.testing.assert_array_equal(read, points)
    assert points_of([], 3).shape == (0, 3)
