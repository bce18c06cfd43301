"""A guess at values not yet known: cubic radial basis functions with a linear tail.

Source: Powell (1992), "The theory of radial basis function approximation in 1990": the cubic
interpolant with a linear polynomial. scipy's RBFInterpolator gives the same values (the unit test
compares); its call for a single point costs several times as much, and a replay asks one by one.
"""

from __future__ import annotations

from heapq import nsmallest
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

Array = NDArray[np.float64]

# Points in a model: its cost grows with their third power (about 1 ms at 250).
MAX_POINTS = 250

# Values above this quantile are taken for it, and no guess is lower than the best value by more
# than this part of what the median is above it (both found with benchmarks/direct_l_speedup.py).
CAP = 0.9
DEPTH = 0.2

# Keeps a tail with too few points determined; far below what the points say of it.
RIDGE = 1e-9


class Surrogate:
    """The interpolant through some points.

    Args:
        points: Different ones, shape (n, dimension), n above 0.
        values: Shape (n,), finite.
    """

    def __init__(self, points: Array, values: Array) -> None:
        n, dimension = points.shape
        self._points = points
        self._middle = float(np.median(values))
        self._scale = float(np.ptp(values)) or 1.0
        matrix = np.zeros((n + dimension + 1,) * 2, order="F")
        squares = squared_distances(points, points)
        matrix[:n, :n] = squares * np.sqrt(squares)
        matrix[:n, n] = matrix[n, :n] = 1.0
        matrix[:n, n + 1 :], matrix[n + 1 :, :n] = points, points.T
        np.fill_diagonal(matrix[n:, n:], -RIDGE)
        right = np.zeros(len(matrix))
        right[:n] = (values - self._middle) / self._scale
        *_, solution, info = lapack.dgesv(matrix, right, overwrite_a=True, overwrite_b=True)
        if info != 0 or not np.isfinite(solution).all():
            solution = np.zeros(len(matrix))  # nothing better is known than the middle
        self._weights, self._constant = solution[:n], float(solution[n])
        self._slope = solution[n + 1 :]

    def __call__(self, point: Array) -> float:
        """Return the interpolant at a point of shape (dimension,)."""
        apart = self._points - point
        squares = np.einsum("ij,ij->i", apart, apart)
        bumps = self._weights @ (squares * np.sqrt(squares))
        return self._middle + self._scale * float(bumps + self._constant + self._slope @ point)

    def many(self, points: Array) -> Array:
        """Return the interpolant at points of shape (k, dimension), shape (k,)."""
        squares = squared_distances(points, self._points)
        bumps = (squares * np.sqrt(squares)) @ self._weights
        found: Array = bumps + self._constant + points @ self._slope
        return self._middle + self._scale * found


def squared_distances(some: Array, others: Array) -> Array:
    """Return all distances squared, shapes (k, d) and (n, d) to (k, n), to about 1e-16."""
    products = some @ others.T
    norms, its_norms = (np.einsum("ij,ij->i", them, them) for them in (some, others))
    squares: Array = np.maximum(norms[:, None] + its_norms - 2.0 * products, 0.0)
    return squares


def chosen(values: dict[bytes, float]) -> tuple[Array, Array]:
    """Return the points to model, shape (n, dimension), and their values, shape (n,).

    All where they are few; else the best half of `MAX_POINTS` and the latest half: the next
    rectangles lie around the former, and the latter are where the search is.
    """
    items = values
    if len(values) > MAX_POINTS:
        half = MAX_POINTS // 2
        best = nsmallest(half, values.items(), key=lambda item: item[1])
        items = dict([*best, *islice(((key, values[key]) for key in reversed(values)), half)])
    points = np.array([np.frombuffer(key) for key in items])
    known = np.array(list(items.values()))
    # A penalty among the values would bend the model everywhere.
    return points, np.minimum(known, np.quantile(known, CAP))


class Guess:
    """The likely value of a point given by its bytes, remembered.

    Args:
        values: All that is known; may be empty.
    """

    def __init__(self, values: dict[bytes, float]) -> None:
        self._memory: dict[bytes, float] = {}
        self._model: Surrogate | None = None
        self._floor = 0.0
        if values:
            points, known = chosen(values)
            self._model = Surrogate(points, known)
            best = float(known.min())
            self._floor = best - DEPTH * (float(np.median(known)) - best)

    def __call__(self, key: bytes) -> float:
        """Return the guess; 0 where nothing is known at all."""
        if self._model is None:
            return 0.0
        if key not in self._memory:
            self._memory[key] = max(self._model(np.frombuffer(key)), self._floor)
        return self._memory[key]
