"""The boxes into which DIRECT-L has divided the unit cube, from the points that it visited.

The points alone say it: after the centre of the cube they come in pairs, at a third of a box's
side to either side of its centre, and a box is divided along its longest sides, that of the least
value of a pair first (Gablonsky and Kelley 2001, sections 2 and 3). So NLopt need not run, and a
search of thousands of trials takes milliseconds. A test holds it against NLopt's own sequences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

# Centres nearer than this are one: boxes as small are not distinguished.
DIGITS = 11
FINEST = 10.0 ** (1 - DIGITS)
MIDDLE = 0.5

Point = tuple[float, ...]
Place = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Division:
    """A box that was divided.

    Attributes:
        box: Its index.
        level: How often its longest side had been cut into thirds before.
    """

    box: int
    level: int


@dataclass(slots=True)
class Partition:
    """The boxes after a number of iterations.

    Attributes:
        points: The centre of each box, in the order of their first visits.
        numbers: The place of that visit in the given sequence.
        values: The value there.
        levels: How often each side of each box was cut into thirds: its length is 3^-level.
        iterations: The divisions of each iteration.
        next_up: The divisions of the iteration after those; empty where it is not known.
        n_strangers: Points that belong to no box's division, such as those of a model.
    """

    points: list[Point] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    levels: list[list[int]] = field(default_factory=list)
    iterations: list[list[Division]] = field(default_factory=list)
    next_up: list[Division] = field(default_factory=list)
    n_strangers: int = 0

    def sides(self) -> NDArray[np.float64]:
        """Return the lengths of all sides, shape (boxes, dimension)."""
        found: NDArray[np.float64] = 3.0 ** -np.array(self.levels, dtype=np.float64)
        return found

    def longest(self) -> NDArray[np.float64]:
        """Return the longest side of each box, shape (boxes,): DIRECT-L's measure of size."""
        found: NDArray[np.float64] = self.sides().max(axis=1)
        return found

    def leading(self) -> list[int]:
        """Return the boxes with the least value of their size, the smallest size first.

        DIRECT-L divides one box of a size at most: one of these.
        """
        least: dict[int, int] = {}
        for box, levels in enumerate(self.levels):
            level = min(levels)
            if level not in least or self.values[box] < self.values[least[level]]:
                least[level] = box
        return [least[level] for level in sorted(least, reverse=True)]

    def hull(self) -> list[int]:
        """Return the potentially optimal boxes: the lower hull of value over size.

        As NLopt finds it (cdirect.c): from the smallest size to the largest, where the second and
        the last stay although they may lie above the others' hull. Which of them it divides
        depends on `magic_eps` and on the best value, too: they spare the smallest.
        """
        leading, sizes = self.leading(), self.longest()
        places = [(float(sizes[box]), self.values[box]) for box in leading]
        kept = [0]
        for at in range(1, len(leading) - 1):
            if _above(places[0], places[at], places[-1]):
                continue
            while len(kept) > 2 and _above(places[kept[-2]], places[kept[-1]], places[at]):
                kept.pop()
            kept.append(at)
        last = [len(leading) - 1] if len(leading) > 1 else []
        return [leading[at] for at in kept + last]


def _above(left: Place, middle: Place, right: Place) -> bool:
    """Whether a place of (size, value) lies above the chord of two others."""
    slope = (right[1] - left[1]) / (right[0] - left[0])
    return middle[1] > left[1] + (middle[0] - left[0]) * slope


def partition_of(
    points: Sequence[Point],
    values: Sequence[float],
    n_iterations: int | None = None,
    *,
    divides_all_sides: bool = True,
) -> Partition:
    """Divide the unit cube as a search did.

    Args:
        points: What it visited, in its order, the centre first; each of shape (dimension,).
        values: What it was given for each.
        n_iterations: How many iterations to go; all that are known when None.
        divides_all_sides: Whether a box is divided along all its longest sides, or one of them.
    """
    tracer = _Tracer(points, values, divides_all_sides=divides_all_sides)
    if len(points):
        tracer.run(n_iterations)
    return tracer.found


class _Tracer:
    """Reads a sequence pair by pair."""

    def __init__(
        self, points: Sequence[Point], values: Sequence[float], *, divides_all_sides: bool
    ) -> None:
        self._divides_all_sides = divides_all_sides
        self.found = Partition()
        self._points, self._values = points, values
        self._index: dict[Point, int] = {}
        self._first: dict[Point, float] = {}  # the value that counts is that of the first visit
        self._last_level: int | None = None

    def run(self, n_iterations: int | None) -> None:
        """Read to the end, or to that of an iteration and one more."""
        at = self._centre()
        while at + 1 < len(self._points):
            group = self._group(at)
            if not group:
                self.found.n_strangers += 1
                at += 1
                continue
            box, axes = group
            end = at + 2 * len(axes)
            division = Division(box, min(self.found.levels[box]))
            opens = self._last_level is None or division.level >= self._last_level
            self._last_level = division.level
            is_full = len(self.found.iterations) >= (n_iterations or 0)
            if n_iterations is not None and (self.found.next_up or (opens and is_full)):
                if opens and self.found.next_up:
                    return
                self.found.next_up.append(division)
            else:
                if opens:
                    self.found.iterations.append([])
                self.found.iterations[-1].append(division)
                self._divide(at, box, axes)
            at = end

    def _centre(self) -> int:
        """Add the whole cube, whose centre comes first; return the place after it."""
        for place, point in enumerate(self._points):
            if all(abs(u - MIDDLE) < FINEST for u in point):
                self._add(place, [0] * len(point))
                return place + 1
            self.found.n_strangers += 1
        return len(self._points)

    def _group(self, at: int) -> tuple[int, list[int]] | None:
        """Return the box that the pairs from a place on divide, and along which axes."""
        first = self._pair(at)
        if first is None:
            return None
        box, axis = first
        axes, level = [axis], min(self.found.levels[box])
        while (pair := self._pair(at + 2 * len(axes))) is not None and self._divides_all_sides:
            other, axis = pair
            if other != box or axis in axes or self.found.levels[box][axis] != level:
                break
            axes.append(axis)
        return box, axes

    def _pair(self, at: int) -> tuple[int, int] | None:
        """Return the box and the axis that two points from a place on divide, if they do."""
        if at + 1 >= len(self._points):
            return None
        low, high = self._points[at], self._points[at + 1]
        apart = [abs(b - a) for a, b in zip(low, high, strict=True)]
        axis = apart.index(max(apart))
        if sum(length > FINEST for length in apart) != 1:
            return None
        box = self._index.get(_key([(a + b) / 2.0 for a, b in zip(low, high, strict=True)]))
        if box is None:
            return None
        levels = self.found.levels[box]
        level = min(levels)
        is_third = abs(apart[axis] / 2.0 - 3.0 ** -(level + 1)) < FINEST
        return (box, axis) if is_third and levels[axis] == level else None

    def _divide(self, at: int, box: int, axes: Sequence[int]) -> None:
        pairs = {axis: at + 2 * turn for turn, axis in enumerate(axes)}
        ranked = sorted(
            axes, key=lambda axis: min(self._value(pairs[axis]), self._value(pairs[axis] + 1))
        )
        for axis in ranked:
            self.found.levels[box][axis] += 1
            for place in (pairs[axis], pairs[axis] + 1):
                self._add(place, list(self.found.levels[box]))

    def _value(self, place: int) -> float:
        return self._first.setdefault(self._points[place], self._values[place])

    def _add(self, place: int, levels: list[int]) -> None:
        point = self._points[place]
        self._index[_key(point)] = len(self.found.points)
        self.found.points.append(point)
        self.found.numbers.append(place)
        self.found.values.append(self._value(place))
        self.found.levels.append(levels)


def _key(point: Sequence[float]) -> Point:
    return tuple(round(u, DIGITS) for u in point)
