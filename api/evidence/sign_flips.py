"""A check of the method on its own data: how often the test errs where no difference can exist.

Where two arms do not differ, each seed's difference is as likely to have the other sign. All
stored differences get random signs, again and again, and the t test of each pair is taken: the
share of tests below 5 % is its error rate on such data.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from api.evidence.comparisons import losses_of
from api.evidence.records import CellRecord
from service.report.effects import shared

LEVEL = 0.05
N_FLIPS = 10_000
_SEED = 20251129
# With fewer seeds there are too few different signs.
LEAST_SEEDS = 5


@dataclass(frozen=True, slots=True)
class FlipRate:
    """The test's error rate on differences with random signs.

    Attributes:
        rate: Share of tests with p < `LEVEL`.
        n_pairs: Pairs of arms.
        n_flips: Draws of signs of each.
    """

    rate: float
    n_pairs: int
    n_flips: int


def flipped(cells: Sequence[CellRecord], n_flips: int = N_FLIPS) -> FlipRate | None:
    """Test all pairs of arms with random signs; None where there is no pair with a difference."""
    from scipy.special import stdtrit  # late: the command's help stays fast

    random = np.random.default_rng(_SEED)
    rates = []
    for differences in _differences(cells):
        n = len(differences)
        signs = random.choice((-1.0, 1.0), (n_flips, n))
        limit = float(stdtrit(n - 1, 1 - LEVEL / 2))
        rates.append(float(np.mean(np.abs(_t(signs * differences)) > limit)))
    return FlipRate(float(np.mean(rates)), len(rates), n_flips) if rates else None


def _t(differences: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Student's t of each row, (rows, n)."""
    n = differences.shape[1]
    error = differences.std(axis=1, ddof=1) / math.sqrt(n)
    mean = differences.mean(axis=1)
    found: NDArray[np.float64] = mean / np.maximum(error, np.finfo(float).tiny)
    return found


def _differences(cells: Sequence[CellRecord]) -> Iterator[NDArray[np.float64]]:
    for cell in cells:
        arms = sorted({own.arm for own in cell.trainings})
        for one, other in combinations(arms, 2):
            ours, theirs = losses_of(cell, one), losses_of(cell, other)
            seeds = shared(ours, theirs)
            if len(seeds) < LEAST_SEEDS or min((*ours.values(), *theirs.values())) <= 0.0:
                continue
            found = np.log([ours[s] for s in seeds]) - np.log([theirs[s] for s in seeds])
            if np.any(found != 0.0):
                yield found
