"""When to stop: a study whose boxes are narrower than the noise finds out nothing more."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.arms import told_value
from service.records import Trial

Array = NDArray[np.float64]
# Coordinates of DIRECT's centres that differ by less are the same, up to rounding.
SAME = 1e-9


def stop_of(confirmed: Sequence[Trial], noise: float, n_known: int = 0) -> int | None:
    """Return after how many trials of its sequence a study may stop, or None.

    It may when the best trial so far has, along every axis and on both sides, a neighbour that
    differs in that coordinate alone, and the nearest of all of them have values within `noise` of
    the best: what is left to divide is smaller than what can be told apart.

    Args:
        confirmed: The ended trials of the sequence, in its order.
        noise: Difference of two values that means nothing, above 0.
        n_known: Trials after which it is known not to stop.
    """
    if not confirmed:
        return None
    points = np.array([trial.point for trial in confirmed], dtype=np.float64)
    values = np.array([told_value(trial, np.inf) for trial in confirmed], dtype=np.float64)
    least = 2 * points.shape[1] + 1
    for n in range(max(least, n_known + 1), len(confirmed) + 1):
        if _is_flat(points[:n], values[:n], noise):
            return n
    return None


def _is_flat(points: Array, values: Array, noise: float) -> bool:
    best = int(np.argmin(values))
    offsets = points - points[best]
    is_moved = np.abs(offsets) > SAME
    n_moved = is_moved.sum(axis=1)
    for axis in range(points.shape[1]):
        is_neighbour = (n_moved == 1) & is_moved[:, axis]
        for side in (offsets[:, axis] < 0, offsets[:, axis] > 0):
            found = np.flatnonzero(is_neighbour & side)
            if not len(found):
                return False
            nearest = found[np.argmin(np.abs(offsets[found, axis]))]
            if values[nearest] - values[best] > noise:
                return False
    return True
