"""How a sampler differs from another: the median over functions of paired log regrets.

Functions are what another user's problem is drawn from; shifts of one function are no further
ones. So the unit is the function: a function's difference is the median over its shifts (and
dimensions), and the difference is the median of these. Its interval is that of a bootstrap in two
stages: functions are drawn with replacement, then the shifts of each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

N_RESAMPLES = 2000
LEVEL = 0.95
# Of fewer the interval of 95 % holds the median of all functions in less than 95 % of cases: in
# 87 % of three and 90 % of four (`python -m benchmarks.regret.coverage`).
LEAST_FUNCTIONS = 5

Array = NDArray[np.float64]
# The paired differences of each function.
Paired = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Difference:
    """A difference of log10 regrets; below 0 the first sampler is better.

    Attributes:
        median: Over functions of the median over shifts.
        low: End of the interval.
        high: The other end.
        n_functions: Over which it is the median.
        n_pairs: Over all functions.
    """

    median: float
    low: float
    high: float
    n_functions: int
    n_pairs: int

    @property
    def is_shown(self) -> bool:
        """Whether the interval excludes 0, as printed to 2 digits, and is of enough functions."""
        excludes_0 = round(self.low, 2) > 0 or round(self.high, 2) < 0
        return self.n_functions >= LEAST_FUNCTIONS and excludes_0


def difference(
    paired: Paired, *, n_resamples: int = N_RESAMPLES, level: float = LEVEL, seed: int = 0
) -> Difference:
    """Return the median of the functions' medians with its interval; order changes nothing.

    Args:
        paired: At least one function, each with at least one difference.
        n_resamples: Of the bootstrap.
        level: Of the interval, by percentiles.
        seed: Draws the resamples.
    """
    drawn = resampled(paired, n_resamples, np.random.default_rng(seed))
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    middle = float(np.median([np.median(own) for own in paired.values()]))
    n_pairs = sum(len(own) for own in paired.values())
    return Difference(middle, float(low), float(high), len(paired), n_pairs)


def resampled(paired: Paired, n_resamples: int, random: np.random.Generator) -> Array:
    """Return the median of each resample of functions and of their shifts, (n_resamples,)."""
    functions = [np.sort(paired[name]) for name in sorted(paired)]
    n = len(functions)
    # A function that is drawn twice has two resamples of its shifts: one for each place.
    medians = np.stack([_medians(own, (n_resamples, n), random) for own in functions])
    drawn = random.integers(n, size=(n_resamples, n))
    rows, places = np.indices((n_resamples, n))
    return np.asarray(np.median(medians[drawn, rows, places], axis=1))


def _medians(values: Array, shape: tuple[int, int], random: np.random.Generator) -> Array:
    if len(values) == 1:
        return np.full(shape, values[0])
    drawn = random.integers(len(values), size=(*shape, len(values)))
    return np.asarray(np.median(values[drawn], axis=2))
