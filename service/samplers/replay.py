"""One run of NLopt's GN_DIRECT_L from the start, over a table of known values.

NLopt has no ask and tell and cannot be saved, but a run over known values costs microseconds an
evaluation. A value that is not known yet is answered by a placeholder, and the run goes on to the
end of the iteration in which the first such point lies. See docs/adr/0003-direct-l-by-replay.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import nlopt
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# NLopt ends a run, without an exception, after a value below its stopval. Exceptions in a callback
# are no alternative: after one at the first evaluation NLopt calls back once more (SystemError).
STOPVAL = -1e307
STOP = -1.5e307

# Half distances of a pair below this are too near to rounding to tell a size class.
SMALLEST_OFFSET = 1e-12


@dataclass(frozen=True, slots=True)
class Replay:
    """What a run asked for, from its start to the end of its first unfinished iteration.

    Attributes:
        keys: The points in the order asked, each as the bytes of its float64 coordinates.
        first_unknown: Index of the first key without a known value; len(keys) when there is none,
            and then the run is complete: the whole budget is known.
    """

    keys: list[bytes]
    first_unknown: int


class _Boundary:
    """Finds where an iteration ends, from the points alone.

    After the centre, points come in pairs c -/+ (w/3) e_i, where w is the longest side of the
    rectangle. Inside an iteration the rectangles come in strictly increasing size, and the last is
    the largest of all. So a new rectangle that is not larger than the one before it opens the next
    iteration.
    """

    def __init__(self) -> None:
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
        if offset < SMALLEST_OFFSET:  # cannot be told: calling it the end only certifies less
            return True
        is_same_size = 0.5 < offset / last < 2.0 if last else False
        if is_same_size and bool(np.all(np.abs(centre - before) < offset / 4.0)):
            return False  # the same rectangle along another of its longest sides
        return offset < 2.0 * last


def replay(
    dimension: int,
    n_trials: int,
    magic_eps: float,
    values: Mapping[bytes, float],
    placeholder: float,
) -> Replay:
    """Run GN_DIRECT_L on the unit cube until the end of the first iteration with an unknown point.

    Args:
        dimension: At least 1.
        n_trials: The budget. NLopt makes two evaluations where it is 1: the second is dropped.
        magic_eps: Jones' epsilon.
        values: Known values by the bytes of the point, finite and well above `STOPVAL`.
        placeholder: Answered for every other point.
    """
    run = _Run(values, placeholder)
    opt = nlopt.opt(nlopt.GN_DIRECT_L, dimension)
    opt.set_lower_bounds([0.0] * dimension)
    opt.set_upper_bounds([1.0] * dimension)
    opt.set_param("magic_eps", magic_eps)
    opt.set_stopval(STOPVAL)
    opt.set_maxeval(n_trials | 1)  # a whole pair at the end: half of one hides a boundary
    opt.set_min_objective(run.evaluate)
    opt.optimize([0.5] * dimension)
    keys = run.keys[: min(n_trials, run.end or n_trials)]
    first = len(keys) if run.first_unknown is None else run.first_unknown
    return Replay(keys, min(first, len(keys)))


class _Run:
    """The objective of one replay, and where its first unfinished iteration begins and ends."""

    def __init__(self, values: Mapping[bytes, float], placeholder: float) -> None:
        self.keys: list[bytes] = []
        self.first_unknown: int | None = None
        self.end: int | None = None
        self._values = values
        self._placeholder = placeholder
        self._boundary = _Boundary()

    def evaluate(self, x: Array, gradient: Array) -> float:
        """NLopt's callback. x is a view of memory that NLopt reuses: only its bytes are kept."""
        del gradient
        key = x.tobytes()
        self.keys.append(key)
        value = self._values.get(key)
        if self.first_unknown is None:
            if value is not None:
                return value
            self.first_unknown = len(self.keys) - 1
        return STOP if self._has_ended() else self._placeholder if value is None else value

    def _has_ended(self) -> bool:
        """Whether a pair beyond the iteration was just completed; notes where that began."""
        n_asked = len(self.keys)
        if n_asked < 3 or n_asked % 2 == 0:  # the centre is alone, all others come in pairs
            return False
        low, high = (np.frombuffer(key) for key in self.keys[-2:])
        if self._boundary.crossed_by(low, high):
            self.end = n_asked - 2
        return self.end is not None
