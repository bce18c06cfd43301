"""Planned looks at the evaluation: seeds are trained until the question is decided.

At each look the interval of the mean log ratio is Student's, at one level for all looks. The level
is calibrated on simulated t statistics, so that all looks together err in 5 % of jobs where there
is no difference: repeated confidence intervals, which hold whatever the reason for stopping.

Source: C. Jennison and B. W. Turnbull, Group Sequential Methods (2000), chapter 9.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

# That a difference is reported where there is none.
ERROR_RATE = 0.05

# Of a submission that names none: numbers of seeds, and the percent of a loss that do not matter.
DEFAULT = (5, 10, 20)
MARGIN_PERCENT = 1.0

# Two-sided levels at each look, as `calibrate` finds them.
_KNOWN: dict[tuple[int, ...], float] = {DEFAULT: 0.0195}
# Seeds that they need in the mean, as `expected_seeds` computes them.
_USUAL: dict[tuple[int, ...], float] = {DEFAULT: 11.0}
# Differences in standard deviations of a pair, and how common they are among jobs: what the
# expected number of seeds is computed for.
_MIXTURE = ((0.0, 0.4), (1.0, 0.2), (2.0, 0.2), (5.0, 0.2))
# Differences that do not matter, likewise.
_MARGIN = 1.0
_N_PATHS, _N_AT_ONCE = 400_000, 20_000
_SEED = 0

Array = NDArray[np.float64]


def level_of(looks: Sequence[int]) -> float:
    """Return the two-sided level of the interval at each of the looks, in (0, 0.05].

    Args:
        looks: Numbers of seeds, at least 2 each, rising.
    """
    plan = tuple(looks)
    if len(plan) == 1:
        return ERROR_RATE
    return _KNOWN.get(plan) or calibrate(plan)


@lru_cache(maxsize=64)
def calibrate(looks: tuple[int, ...]) -> float:
    """Compute the level of `level_of` from simulated paths, rounded down to four digits.

    It takes about a second for 20 seeds.
    """
    least = np.concatenate([p.min(axis=0) for p in (_ps(looks, paths) for paths in _paths(looks))])
    level = float(np.quantile(least, ERROR_RATE))
    return math.floor(level * 1e4) / 1e4


def expected_seeds(looks: tuple[int, ...]) -> float:
    """Return the mean number of seeds after which the looks decide, see `simulate`."""
    return _USUAL.get(looks) or simulate(looks)


@lru_cache(maxsize=64)
def simulate(looks: tuple[int, ...]) -> float:
    """Compute the mean number of seeds after which the looks decide.

    It is the mean over jobs of which 40 % have no difference, and 20 % each have one of 1, 2 and 5
    standard deviations of a pair.

    Args:
        looks: Numbers of seeds, rising.
    """
    from scipy.special import stdtrit

    level = level_of(looks)
    paths = next(_paths(looks))
    means = {n: paths[:n].mean(axis=0) for n in looks}
    halves = {
        n: stdtrit(n - 1, 1.0 - level / 2.0) * paths[:n].std(axis=0, ddof=1) / np.sqrt(n)
        for n in looks
    }
    total = 0.0
    for effect, share in _MIXTURE:
        n_used = np.full(paths.shape[1], looks[-1])
        is_open = np.ones(paths.shape[1], dtype=bool)
        for n in looks:
            low, high = means[n] + effect - halves[n], means[n] + effect + halves[n]
            has_ended = (low > 0.0) | (high < 0.0) | ((low > -_MARGIN) & (high < _MARGIN))
            n_used[is_open & has_ended] = n
            is_open &= ~has_ended
        total += share * float(n_used.mean())
    return total


def _paths(looks: Sequence[int]) -> Iterator[Array]:
    """Yield standard normal differences, shape (seeds, paths)."""
    generator = np.random.default_rng(_SEED)
    for _ in range(_N_PATHS // _N_AT_ONCE):
        yield generator.standard_normal((looks[-1], _N_AT_ONCE))


def _ps(looks: Sequence[int], paths: Array) -> Array:
    """Return the two-sided p value at each look, shape (looks, paths)."""
    from scipy.special import stdtr

    ps = []
    for n in looks:
        t = paths[:n].mean(axis=0) / paths[:n].std(axis=0, ddof=1) * np.sqrt(n)
        ps.append(2.0 * stdtr(n - 1, -np.abs(t)))
    return np.array(ps)
