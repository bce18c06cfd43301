"""Objectives for replays of NLopt: they return known values and record the points asked for.

`densearch.direct_l.replay` passes them to NLopt. x is a view of memory that NLopt reuses: only its
bytes are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# NLopt ends a run, without an exception, after a value below its stopval. Exceptions in a callback
# are no alternative: after one at the first evaluation NLopt calls back once more (SystemError).
STOPVAL = -1e307
STOP = -1.5e307

# Half distances of a pair below this are too close to rounding to determine a size class.
SMALLEST_OFFSET = 1e-12

# NLopt must not be stopped before the centre and a first pair are evaluated.
FEWEST = 3


@dataclass(frozen=True, slots=True)
class Known:
    """The values that a run is answered with.

    Attributes:
        confirmed: Values of the first visits, in their order: none, or an odd number (the centre
            and whole pairs).
        values: Values by the bytes of the point, finite and well above `STOPVAL`.
    """

    confirmed: Sequence[float]
    values: Mapping[bytes, float]


class _Boundary:
    """Finds where an iteration ends, from the points alone.

    After the centre, points come in pairs c -/+ (w/3) e_i, where w is the longest side of the
    rectangle. Inside an iteration the rectangles come in strictly increasing size, and the last is
    the largest of all. So a new rectangle that is not larger than the one before it opens the next
    iteration. Where a rectangle is divided along one side only, every pair is a rectangle.
    """

    def __init__(self, *, divides_all_sides: bool) -> None:
        self._divides_all_sides = divides_all_sides
        self._centre: Array | None = None
        self._offset = 0.0

    def crossed_by(self, low: Array, high: Array) -> bool:
        """Take the next pair; return whether it belongs to another iteration than the last."""
        centre = (low + high) / 2.0
        offset = float(np.max(high - low)) / 2.0
        before, self._centre = self._centre, centre
        last, self._offset = self._offset, offset
        if before is None:
            return False
        if offset < SMALLEST_OFFSET:  # undecidable: to call it the end only certifies fewer points
            return True
        is_same_size = 0.5 < offset / last < 2.0 if last else False
        if self._divides_all_sides and is_same_size:
            # The same rectangle along another of its longest sides?
            return not bool(np.all(np.abs(centre - before) < offset / 4.0))
        return offset < 2.0 * last


class IterationObjective:
    """The objective of a run that stops with its first unfinished iteration."""

    def __init__(self, known: Known, placeholder: float, *, divides_all_sides: bool) -> None:
        self.keys: list[bytes] = []
        self.end: int | None = None
        self._start = len(known.confirmed)
        self._confirmed: Iterator[float] = iter(known.confirmed)
        self._values = known.values
        self._placeholder = placeholder
        self._boundary = _Boundary(divides_all_sides=divides_all_sides)
        self._is_finished = True  # the iteration so far: every value is known

    def evaluate(self, x: Array, gradient: Array) -> float:
        """NLopt's callback."""
        del gradient
        confirmed = next(self._confirmed, None)
        if confirmed is not None:
            return confirmed
        key = x.tobytes()
        self.keys.append(key)
        value = self._values.get(key)
        if self._is_finished:
            if value is not None:
                return value
            self._is_finished = False
        return STOP if self._has_ended() else self._placeholder if value is None else value

    def _has_ended(self) -> bool:
        """Whether a pair beyond the iteration was just completed; notes where that began."""
        n_asked = self._start + len(self.keys)
        if n_asked < FEWEST or n_asked % 2 == 0:  # the centre is alone, all others come in pairs
            return False
        low, high = (np.frombuffer(key) for key in self.keys[-2:])
        if self._boundary.crossed_by(low, high):
            self.end = n_asked - 2
        return self.end is not None


class AheadObjective:
    """The objective of a run that guesses what it does not know."""

    def __init__(
        self,
        known: Known,
        guess: Callable[[bytes], float],
        taken: Container[bytes],
        n_wanted: int,
        n_trials: int,
    ) -> None:
        self.found: dict[bytes, None] = {}
        self._confirmed: Iterator[float] = iter(known.confirmed)
        self._values = known.values
        self._guess, self._taken = guess, taken
        self._n_wanted, self._n_trials = n_wanted, n_trials
        self._n_asked = len(known.confirmed)

    def evaluate(self, x: Array, gradient: Array) -> float:
        """NLopt's callback."""
        del gradient
        confirmed = next(self._confirmed, None)
        if confirmed is not None:
            return confirmed
        self._n_asked += 1
        key = x.tobytes()
        value = self._values.get(key)
        if value is not None:
            return value
        if key not in self._taken and self._n_asked <= self._n_trials:
            self.found[key] = None
        if len(self.found) >= self._n_wanted and self._n_asked >= FEWEST:
            return STOP
        return self._guess(key)


class DescentObjective:
    """The objective of a local search whose first points are certain."""

    def __init__(self, values: Mapping[bytes, float], n_certain: int) -> None:
        self.keys: list[bytes] = []
        self.n_unknown = 0
        self._values, self._n_certain = values, n_certain

    def evaluate(self, x: Array, gradient: Array) -> float:
        """NLopt's callback."""
        del gradient
        if self.n_unknown and len(self.keys) >= self._n_certain:
            return STOP
        key = x.tobytes()
        self.keys.append(key)
        value = self._values.get(key)
        self.n_unknown += value is None
        if self.n_unknown and len(self.keys) >= self._n_certain:
            return STOP
        return 0.0 if value is None else value
