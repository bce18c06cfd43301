"""A function of the unit cube that is made of a recorded table: for the regret of samplers.

At the points of the grid it is the mean of the recorded losses over the seeds. Between them it is
interpolated along one axis after the other by monotone cubics (PCHIP), which add no minimum: the
least of the table is that of the function, and where it lies is known. The cubics are laid out on
16 steps of each interval of the grid, once, and read linearly between these. No loss counts for
more than twenty times the median of all, and a training that diverged counts as the worst of them:
else the first loss before an overflow would decide how steep the function is.

The noise of a search is what one seed's losses deviate from the mean, read linearly between the
points of the grid: all trainings of a search have one seed, and the deviations of neighbours are
correlated (`benchmarks.recorded.summary` prints how much).

Limits: the means are of few seeds, so the surface is rougher than the expected loss, and its
minimum lower than that of the point; the deviations of n seeds are scaled by sqrt(n / (n - 1)).
Nothing is known of what lies between the points of the grid.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator, RegularGridInterpolator

from benchmarks.recorded.tasks import GRID

FOLDER = Path(__file__).parent
N_STEPS = 16  # of an interval of the grid
MOST_MEDIANS = 20.0
Array = NDArray[np.float64]


@dataclass(frozen=True)
class RecordedTable:
    """Losses of a task's trainings on a grid.

    Attributes:
        axes: Points of each axis, in the unit cube, ascending.
        losses: Shape (seeds, *points of the axes); the worst loss where a training diverged.
        n_diverged: How many did.
    """

    axes: tuple[tuple[float, ...], ...]
    losses: Array
    n_diverged: int

    @property
    def means(self) -> Array:
        """Mean over the seeds, shape (*points of the axes)."""
        return np.asarray(self.losses.mean(axis=0))

    @property
    def deviations(self) -> Array:
        """What each seed deviates from the mean, shape of `losses`, with the variance of one."""
        n = len(self.losses)
        return np.asarray((self.losses - self.means) * math.sqrt(n / (n - 1)))

    def of_factor_1(self) -> RecordedTable:
        """Return the slice of factor 1, the middle of its axis: den and rate are left."""
        i = self.axes[0].index(0.5)
        return RecordedTable(self.axes[1:], self.losses[:, i], self.n_diverged)


def table_of(
    rows: Sequence[Mapping[str, str]], grid: Mapping[str, tuple[float, ...]] = GRID
) -> RecordedTable:
    """Return the table of a file's rows, in any order; seeds without all points are left out.

    Raises:
        ValueError: Fewer than two seeds have all points.
    """
    shape = tuple(len(values) for values in grid.values())
    by_seed: dict[int, Array] = {}
    for row in rows:
        index = tuple(int(row[f"i_{axis}"]) for axis in grid)
        losses = by_seed.setdefault(int(row["seed"]), np.full(shape, np.nan))
        losses[index] = float(row["loss"]) if row["loss"] else np.inf
    whole = [by_seed[seed] for seed in sorted(by_seed) if not np.isnan(by_seed[seed]).any()]
    if len(whole) < 2:
        raise ValueError(f"{len(whole)} seeds have all points of the grid; 2 are needed")
    losses = np.stack(whole)
    is_finite = np.isfinite(losses)
    losses = np.minimum(losses, MOST_MEDIANS * np.median(losses))
    losses[~is_finite] = losses[is_finite].max()
    return RecordedTable(tuple(grid.values()), losses, int((~is_finite).sum()))


@cache
def recorded_table(name: str, folder: Path = FOLDER) -> RecordedTable:
    """Read the table of a task."""
    with (folder / f"{name}.csv").open(newline="") as file:
        return table_of(list(csv.DictReader(file)))


class RecordedLoss:
    """The function of a table, and its noise.

    Attributes:
        minimum: Its least value.
        minimiser: Where it has it, a point of the grid.
        n_seeds: That were recorded.
    """

    def __init__(self, table: RecordedTable) -> None:
        means, self.n_seeds = table.means, len(table.losses)
        self.minimum = float(means.min())
        least = np.unravel_index(int(means.argmin()), means.shape)
        self.minimiser = np.array([own[i] for own, i in zip(table.axes, least, strict=True)])
        self._deviations = [RegularGridInterpolator(table.axes, d) for d in table.deviations]
        fine = [_fine(values) for values in table.axes]
        for axis, (values, points) in enumerate(zip(table.axes, fine, strict=True)):
            means = PchipInterpolator(values, means, axis=axis)(points)
        self._interpolated = RegularGridInterpolator(fine, means)

    def at(self, points: Array) -> Array:
        """Return the values at points of the cube, (..., axes)."""
        return np.asarray(self._interpolated(points))

    def deviation(self, seed: int, points: Array) -> Array:
        """Return what a seed deviates from the values at points of the cube, (..., axes)."""
        return np.asarray(self._deviations[seed](points))


def _fine(values: Sequence[float]) -> Array:
    """Divide each interval of an axis into `N_STEPS`."""
    between = [np.linspace(low, high, N_STEPS, endpoint=False) for low, high in pairwise(values)]
    return np.concatenate([*between, [values[-1]]])
