"""What is searched: functions that a shift moves, so that a deterministic sampler has a spread.

Names: a key of `workers.functions.FUNCTIONS`, or "recorded " and a task of `benchmarks.recorded`.
"rotated " before the first turns it about its minimiser by the shift, "noisy " before both adds
noise to what a sampler is told.

A shift moves the minimiser of an analytic function to anywhere in [0.1, 0.9]^d. The formulas hold
outside their usual domains and have no lower values there. Of a recorded table it takes a part: of
each axis at least 0.4, with the minimiser in it, in either direction.
"""

from __future__ import annotations

import hashlib
import statistics
import struct
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.stats import qmc

from benchmarks.recorded.table import RecordedLoss, recorded_table
from densearch.seeds import derive
from workers.functions import FUNCTIONS

NOISY, ROTATED, RECORDED = "noisy ", "rotated ", "recorded "
NOISE = 0.05  # of analytic functions: standard deviation over the regret of the median point
CUT = 0.3  # of a recorded axis: up to so much is taken off each end

Array = NDArray[np.float64]
Point = tuple[float, ...]


class Moved(Protocol):
    """A function of the unit cube whose minimum is known."""

    def regret(self, points: Array) -> Array:
        """Return the values at points, shape (n, d), less the minimum: (n,), at least 0."""

    def noise(self, point: Point) -> float:
        """Return the noise at a point, which depends on the point and the shift alone."""


class MovedFunction:
    """An analytic function, moved and perhaps turned."""

    def __init__(self, name: str, dimension: int, shift: int) -> None:
        self._shift, self._scale = shift, 1.0
        function = FUNCTIONS[name.removeprefix(ROTATED)]
        self._evaluate, self._minimum = function.evaluate, function.minimum
        generator = np.random.default_rng(derive("regret", name, dimension, shift))
        self._target = generator.uniform(0.1, 0.9, dimension)
        self._minimiser = np.array(function.minimiser(dimension))
        self._turn = np.eye(dimension)
        if name.startswith(ROTATED):
            self._turn = np.array(stats.ortho_group.rvs(dimension, random_state=generator))
        self._scale = median_regret(self, dimension)

    def regret(self, points: Array) -> Array:
        """See `Moved`."""
        moved = (points - self._target) @ self._turn.T + self._minimiser
        values = [self._evaluate(point) for point in moved]
        # Minimisers are published to six digits: a search may come below by rounding.
        return np.maximum(np.array(values) - self._minimum, 0.0)

    def noise(self, point: Point) -> float:
        """See `Moved`: normal."""
        digest = hashlib.sha256(struct.pack(f"{len(point)}dq", *point, self._shift)).digest()
        share = (int.from_bytes(digest[:6]) + 0.5) / 2.0**48
        return self._scale * NOISE * statistics.NormalDist().inv_cdf(share)


class RecordedPart:
    """A part of a recorded table; in 2 dimensions of its slice of factor 1."""

    def __init__(self, task: str, dimension: int, shift: int) -> None:
        self._loss = recorded_loss(task, dimension)
        generator = np.random.default_rng(derive("recorded", task, dimension, shift))
        least = self._loss.minimiser
        low = generator.uniform(0.0, np.minimum(CUT, least))
        high = 1.0 - generator.uniform(0.0, np.minimum(CUT, 1.0 - least))
        is_turned = generator.random(dimension) < 0.5
        self._start = np.where(is_turned, high, low)
        self._step = np.where(is_turned, low - high, high - low)
        self._seed = int(generator.integers(self._loss.n_seeds))

    def regret(self, points: Array) -> Array:
        """See `Moved`."""
        return np.asarray(
            np.maximum(self._loss.at(self._inside(points)) - self._loss.minimum, 0.0)
        )

    def noise(self, point: Point) -> float:
        """See `Moved`: what the seed that the shift has drawn deviates from the mean."""
        return float(self._loss.deviation(self._seed, self._inside(np.array([point])))[0])

    def _inside(self, points: Array) -> Array:
        return np.asarray(np.clip(self._start + self._step * points, 0.0, 1.0))


@cache
def recorded_loss(task: str, dimension: int) -> RecordedLoss:
    """Return the function of a task's table: of den and rate, or of factor, den and rate."""
    table = recorded_table(task)
    return RecordedLoss(table if dimension == 3 else table.of_factor_1())


def base(name: str) -> str:
    """Return the function that a problem is made of: what two problems of one have in common."""
    return name.removeprefix(NOISY).removeprefix(ROTATED)


def moved(name: str, dimension: int, shift: int) -> Moved:
    """Return a function by name, moved by a shift."""
    own = name.removeprefix(NOISY)
    if own.startswith(RECORDED):
        return RecordedPart(own.removeprefix(RECORDED), dimension, shift)
    return MovedFunction(own, dimension, shift)


def median_regret(function: Moved, dimension: int) -> float:
    """Return the regret of the cube's median point."""
    sample = qmc.Sobol(dimension, rng=0).random_base2(10)
    return float(np.median(function.regret(sample)))


class Problem:
    """A moved function as a sampler sees it.

    Attributes:
        scale: Regret of the cube's median point.
    """

    def __init__(self, name: str, dimension: int, shift: int) -> None:
        self._function = moved(name, dimension, shift)
        self._is_noisy = name.startswith(NOISY)
        self.scale = median_regret(self._function, dimension)

    def regret(self, point: Point) -> float:
        """Return the value at a point, without noise, less the minimum."""
        return float(self._function.regret(np.array([point]))[0])

    def value(self, point: Point) -> float:
        """Return what a sampler is told: the regret, noisy if the problem is."""
        return self.regret(point) + (self._function.noise(point) if self._is_noisy else 0.0)
