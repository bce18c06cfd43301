"""NLopt, run again from the start over known values.

NLopt has no ask and tell and cannot be saved, but a run of its DIRECT-L over known values costs
less than a microsecond an evaluation. Of GN_DIRECT_L and GN_DIRECT_L_RAND two runs are made:
`iteration` goes to the end of the iteration in which the first unknown point lies, `ahead` goes on
by guessed values. Of LN_BOBYQA there is one, `descent`. This module is NLopt's only door. See
docs/adr/0003-direct-l-by-replay.md.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import suppress
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

# NLopt must not be stopped before the centre and a first pair are evaluated.
FEWEST = 3

# Of BOBYQA on the unit cube: the distance to its first points, and the accuracy at which it ends.
FIRST_STEP = 0.1
FINEST_STEP = 1e-4

SEED_MASK = 2**32 - 1  # what NLopt's generator takes of a seed on every platform


@dataclass(frozen=True, slots=True)
class Algorithm:
    """Which DIRECT-L is run, on the unit cube.

    Attributes:
        dimension: At least 1.
        magic_eps: Jones' epsilon.
        seed: Of the generator of GN_DIRECT_L_RAND, which divides one of the longest sides, drawn
            at random; None runs GN_DIRECT_L, which divides them all.
    """

    dimension: int
    magic_eps: float
    seed: int | None = None

    def run(self, n_trials: int, evaluate: Callable[[Array, Array], float]) -> None:
        """Run NLopt for `n_trials` evaluations, rounded up to the centre and whole pairs.

        Half a pair at the end would hide where its iteration begins. NLopt makes two evaluations
        where one is allowed.
        """
        if self.seed is not None:
            nlopt.srand(self.seed & SEED_MASK)
        kind = nlopt.GN_DIRECT_L if self.seed is None else nlopt.GN_DIRECT_L_RAND
        opt = nlopt.opt(kind, self.dimension)
        opt.set_lower_bounds([0.0] * self.dimension)
        opt.set_upper_bounds([1.0] * self.dimension)
        opt.set_param("magic_eps", self.magic_eps)
        opt.set_stopval(STOPVAL)
        opt.set_maxeval(n_trials | 1)
        opt.set_min_objective(evaluate)
        opt.optimize([0.5] * self.dimension)


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


@dataclass(frozen=True, slots=True)
class Iteration:
    """What a run asked for, from the end of the confirmed visits to that of the iteration.

    Attributes:
        start: Index of the first key in the sequence: the number of confirmed visits.
        keys: The points in the order asked, each as the bytes of its float64 coordinates.
    """

    start: int
    keys: list[bytes]


def iteration(algorithm: Algorithm, n_trials: int, known: Known, placeholder: float) -> Iteration:
    """Run to the end of the first iteration with an unknown point, or of the budget.

    Args:
        algorithm: What to run.
        n_trials: The budget.
        known: What is known; every other point is answered by the placeholder.
        placeholder: The value of what is not known.
    """
    run = _Iteration(known, placeholder, divides_all_sides=algorithm.seed is None)
    algorithm.run(n_trials, run.evaluate)
    start = len(known.confirmed)
    return Iteration(start, run.keys[: min(n_trials, run.end or n_trials) - start])


def ahead(
    algorithm: Algorithm,
    n_trials: int,
    known: Known,
    guess: Callable[[bytes], float],
    taken: Container[bytes],
    n_wanted: int,
) -> list[bytes]:
    """Run on with guessed values until enough points are found that nobody has asked for.

    Args:
        algorithm: What to run.
        n_trials: The budget: nothing beyond it is looked for.
        known: What is known.
        guess: The likely value of a point that is not known.
        taken: Points that are no news.
        n_wanted: How many new points to look for, above 0.

    Returns:
        At most `n_wanted` different points in the order in which the run asked for them.
    """
    run = _Ahead(known, guess, taken, n_wanted, n_trials)
    algorithm.run(n_trials, run.evaluate)
    return list(run.found)


@dataclass(frozen=True, slots=True)
class Descent:
    """What a local search asks for.

    Attributes:
        keys: The points it is certain to ask for, in their order.
        is_over: Whether it has converged, or its budget has a value for every point.
    """

    keys: list[bytes]
    is_over: bool


def descent(start: bytes, n_trials: int, values: Mapping[bytes, float]) -> Descent:
    """Run LN_BOBYQA from a point of the unit cube to the first point whose place needs a value.

    Its first 2 d + 1 points, the start and a step to either side along every axis, do not depend
    on values: they are certain at once. Each point after them depends on all before it.

    Args:
        start: The bytes of the point to start from; near a face of the cube BOBYQA moves it.
        n_trials: The budget, at least 1.
        values: Known values by the bytes of the point.
    """
    point = np.frombuffer(start)
    run = _Descent(values, min(2 * len(point) + 1, n_trials))
    opt = nlopt.opt(nlopt.LN_BOBYQA, len(point))
    opt.set_lower_bounds([0.0] * len(point))
    opt.set_upper_bounds([1.0] * len(point))
    opt.set_initial_step(FIRST_STEP)
    opt.set_xtol_abs(FINEST_STEP)
    opt.set_stopval(STOPVAL)
    opt.set_maxeval(n_trials)
    opt.set_min_objective(run.evaluate)
    # Rounding, or a failure of its own arithmetic, ends a search as convergence does.
    with suppress(nlopt.RoundoffLimited, nlopt.nlopt.runtime_error):
        opt.optimize(point.tolist())
    return Descent(run.keys[:n_trials], run.n_unknown == 0)


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
        if offset < SMALLEST_OFFSET:  # cannot be told: calling it the end only certifies less
            return True
        is_same_size = 0.5 < offset / last < 2.0 if last else False
        if self._divides_all_sides and is_same_size:
            # The same rectangle along another of its longest sides?
            return not bool(np.all(np.abs(centre - before) < offset / 4.0))
        return offset < 2.0 * last


class _Iteration:
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
        """NLopt's callback. x is a view of memory that NLopt reuses: only its bytes are kept."""
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


class _Ahead:
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


class _Descent:
    """The objective of a local search whose first points are certain."""

    def __init__(self, values: Mapping[bytes, float], n_certain: int) -> None:
        self.keys: list[bytes] = []
        self.n_unknown = 0
        self._values, self._n_certain = values, n_certain

    def evaluate(self, x: Array, gradient: Array) -> float:
        """NLopt's callback."""
        del gradient
        key = x.tobytes()
        if self.n_unknown and len(self.keys) >= self._n_certain:
            return STOP
        self.keys.append(key)
        value = self._values.get(key)
        self.n_unknown += value is None
        is_last = len(self.keys) >= self._n_certain
        if self.n_unknown and is_last:
            return STOP
        return 0.0 if value is None else value
