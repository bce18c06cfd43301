"""Grid search: the middles of equal cells, in an order that spreads over the cube early.

Fractions keep the grid exact, so that "visited already" is a question of equality.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import count, islice

from densearch.sampler import AxisKind, KnownSequence, Point, StudyPlan
from densearch.sampler.axes import share_of
from densearch.seeds import derive

# The stride through a grid, as a part of its size: the golden section leaves no large gaps.
STRIDE = Fraction(math.isqrt(5 * 10**40) - 10**20, 2 * 10**20)

Levels = tuple[Fraction, ...]


class GridPoints(KnownSequence):
    """As many levels for each axis as the first budget needs; finer ones where it was raised.

    Each grid has three times the levels of the one before and leaves out what that visited (the
    middle third of each of its cells). Where all axes are discrete and every combination was
    visited, they come again.
    """

    def __init__(self, study: StudyPlan) -> None:
        super().__init__(study)
        self._source = self._all_points()
        self._found: list[Point] = []

    def points(self, start: int, end: int) -> list[Point]:
        """See `KnownSequence`."""
        self._found += islice(self._source, max(0, end - len(self._found)))
        return self._found[start:end]

    def _all_points(self) -> Iterator[Point]:
        visited: list[Levels] | None = None
        for fineness in count():
            n_levels = first_levels(self._axes, self.study.first_budget) * 3**fineness
            grid = [levels_of(axis, n_levels) for axis in self._axes]
            if grid == visited:
                visited = None  # nothing is finer: begin again
            old = [set(levels) for levels in visited or ()]
            for place in self._order(grid):
                if not old or not all(u in seen for u, seen in zip(place, old, strict=True)):
                    yield tuple(float(u) for u in place)
            visited = grid

    def _order(self, grid: list[Levels]) -> Iterator[Levels]:
        """Yield every point of a grid once, however large it is, in strides of a fixed length."""
        size = math.prod(len(levels) for levels in grid)
        stride = max(1, round(size * STRIDE))
        while math.gcd(stride, size) != 1:
            stride += 1
        start = derive(self.study.seed, "grid")
        for k in range(size):
            yield _place(grid, (start + k * stride) % size)


def first_levels(axes: tuple[AxisKind, ...], n_trials: int) -> int:
    """Return the fewest levels for each axis with which the grid has n_trials points, at least 1.

    Where no number of levels suffices (discrete axes alone), that which shows every value.
    """
    most = max((axis.n_values or n_trials for axis in axes), default=1)
    for n_levels in range(1, most):
        if math.prod(n_levels_of(axis, n_levels) for axis in axes) >= n_trials:
            return n_levels
    return most


def n_levels_of(axis: AxisKind, wanted: int) -> int:
    """Return how many levels an axis gets: categories all of theirs, as none is like another."""
    if axis.n_values is None:
        return wanted
    return min(wanted, axis.n_values) if axis.is_ordered else axis.n_values


def levels_of(axis: AxisKind, wanted: int) -> Levels:
    """Return the coordinates of an axis's levels: middles of equal cells, or of whole shares."""
    n_levels, n = n_levels_of(axis, wanted), axis.n_values
    middles = (Fraction(2 * i + 1, 2 * n_levels) for i in range(n_levels))
    if n is None:
        return tuple(middles)
    return tuple(Fraction(2 * share_of(float(u), n) + 1, 2 * n) for u in middles)


def _place(grid: list[Levels], index: int) -> Levels:
    """Return the index-th point in lexicographic order, the last axis fastest."""
    found = []
    for levels in reversed(grid):
        index, i = divmod(index, len(levels))
        found.append(levels[i])
    return tuple(reversed(found))
