"""Where a model of the values is least: the points that `direct_l_model` adds to the tree.

Source: Regis and Shoemaker (2013), "Combining radial basis function surrogates and dynamic
coordinate search in high-dimensional expensive black-box optimization": candidates that move some
coordinates of the best point, judged by a cubic interpolant, and kept apart from known points by a
distance that cycles.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from densearch.direct_l.prediction import Surrogate, squared_distances

Array = NDArray[np.float64]

# Model points have odd multiples of this as coordinates. The tree's are 1/2 or thirds of thirds,
# so that no point belongs to both, and the last digits of a solution decide nothing.
GRID = 2.0**-17

# Least distances to points already known, as parts of the cube's diagonal, in turn.
DISTANCES = (0.01, 0.001, 0.0001)

# How far a candidate moves a coordinate of the best point (standard deviation), in turn.
SPREADS = (0.2, 0.05, 0.0125)

N_CANDIDATES = 300
N_POLISHES = 4
N_NEAR = 60  # candidates of one polish


class ModelPoints:
    """Proposes one point from known ones.

    Args:
        points: The model's, shape (n, dimension).
        values: Theirs, shape (n,).
        taken: Further points to keep a distance from, shape (m, dimension).
    """

    def __init__(self, points: Array, values: Array, taken: Array) -> None:
        self._surrogate = Surrogate(points, values)
        self._best = points[int(np.argmin(values))]
        self._known = np.concatenate([points, taken])

    def propose(self, seed: int, turn: int) -> tuple[float, ...]:
        """Return a point of the cube on the model's grid.

        Args:
            seed: Of the candidates.
            turn: Which of the distances to keep; they cycle.
        """
        generator = np.random.Generator(np.random.PCG64(seed))
        apart = DISTANCES[turn % len(DISTANCES)] * len(self._best) ** 0.5
        point, spread = self._least(self._candidates(generator), apart), SPREADS[-1] * 2
        for _ in range(N_POLISHES):
            near = point + spread * generator.standard_normal((N_NEAR, len(point)))
            point = self._least(np.concatenate([point[None], np.clip(near, 0.0, 1.0)]), apart)
            spread /= 2
        return tuple(_on_grid(point).tolist())

    def _candidates(self, generator: np.random.Generator) -> Array:
        """Return candidates: half anywhere, half with moved coordinates of the best point."""
        dimension, half = len(self._best), N_CANDIDATES // 2
        anywhere = generator.random((half, dimension))
        is_moved = generator.random((half, dimension)) < max(0.5, 1.0 / dimension)
        is_moved[np.arange(half), generator.integers(dimension, size=half)] = True
        spreads = np.resize(SPREADS, half)[:, None]
        steps = spreads * generator.standard_normal((half, dimension))
        moved = np.clip(self._best + np.where(is_moved, steps, 0.0), 0.0, 1.0)
        return np.concatenate([anywhere, moved])

    def _least(self, candidates: Array, apart: float) -> Array:
        """Return the best of those far enough from known points, the farthest if none is."""
        nearest = np.sqrt(np.min(squared_distances(candidates, self._known), axis=1))
        if not (nearest >= apart).any():
            return np.asarray(candidates[int(np.argmax(nearest))])
        guesses = np.where(nearest >= apart, self._surrogate.many(candidates), np.inf)
        return np.asarray(candidates[int(np.argmin(guesses))])


def _on_grid(point: Array) -> Array:
    cells = np.floor(point / (2.0 * GRID))
    return np.asarray((2.0 * np.clip(cells, 0, 0.5 / GRID - 1) + 1.0) * GRID)


def points_of(keys: Sequence[bytes], dimension: int) -> Array:
    """Return points given by their bytes, shape (n, dimension)."""
    return np.frombuffer(b"".join(keys)).reshape(-1, dimension)
