"""Stop a study of DIRECT whose differences between neighbours are below the noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from service.records import Trial
from service.states import TrialState

Array = NDArray[np.float64]
# Coordinates of DIRECT's centres that differ by less are the same, up to rounding.
SAME = 1e-9
NOBODY = -1


def _value_of(trial: Trial) -> float:
    """Return a trial's value; infinity for a trial without one."""
    has_value = trial.state in (TrialState.COMPLETED, TrialState.PRUNED)
    return np.inf if trial.value is None or not has_value else trial.value


class Surroundings:
    """The best trial of a sequence so far and its neighbours, along every axis and on both sides.

    A neighbour differs from the best in one coordinate only. While the best stays, a further trial
    is compared with it alone; only a new best needs a search of all earlier trials.

    Args:
        noise: Difference of two values that means nothing, above 0.

    Attributes:
        n: Trials that were added.
    """

    def __init__(self, noise: float) -> None:
        self.n = 0
        self._noise = noise
        self._best = 0
        self._points: Array = np.empty((0, 0))
        self._values: Array = np.empty(0)
        self._neighbours: NDArray[np.int64] = np.empty((0, 2), dtype=np.int64)

    def add(self, trial: Trial) -> bool:
        """Add the sequence's next trial, which has ended; return whether the study may stop.

        It may when the best has a neighbour on every side, and the nearest of all of them have
        values within the noise of the best: further division could not resolve a difference.
        """
        self._append(trial)
        last = self.n - 1
        if last == 0 or self._values[last] < self._values[self._best]:
            self._best = last
            self._neighbours = np.full((self._points.shape[1], 2), NOBODY, dtype=np.int64)
            self._look_at(np.arange(self.n))
        else:
            self._look_at(np.array([last]))
        return self._is_flat()

    def _append(self, trial: Trial) -> None:
        if self.n == len(self._values):  # doubled, so that it seldom grows
            room = max(64, 2 * self.n)
            points, values = np.empty((room, len(trial.point))), np.empty(room)
            if self.n:
                points[: self.n], values[: self.n] = self._points, self._values
            self._points, self._values = points, values
        self._points[self.n] = trial.point
        self._values[self.n] = _value_of(trial)
        self.n += 1

    def _look_at(self, places: NDArray[np.int64]) -> None:
        """Update the nearest neighbours with some trials; of equals the first stays."""
        offsets = self._points[places] - self._points[self._best]
        is_moved = np.abs(offsets) > SAME
        for row in np.flatnonzero(is_moved.sum(axis=1) == 1):
            axis = int(np.argmax(is_moved[row]))
            offset = offsets[row, axis]
            side = int(offset > 0)
            if abs(offset) < self._distance(axis, side):
                self._neighbours[axis, side] = places[row]

    def _distance(self, axis: int, side: int) -> float:
        neighbour = self._neighbours[axis, side]
        if neighbour == NOBODY:
            return np.inf
        return float(abs(self._points[neighbour, axis] - self._points[self._best, axis]))

    def _is_flat(self) -> bool:
        if (self._neighbours == NOBODY).any():
            return False
        differences = self._values[self._neighbours] - self._values[self._best]
        return not (differences > self._noise).any()
