"""Where the optimum of a search over one value lies: a valley drawn through its trials.

The best trial is the luckiest of those near the optimum. A valley through all of them averages
the noise. Points too far from the best for it are left out, and where nothing near the best curves
there is no optimum to speak of. `benchmarks/fitted_optimum.py` prints how often the interval holds
it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.report.plateau import Noise
from service.studies.search_space import FloatAxis, Space

CONFIDENCE = 0.9
# The height and the place of the minimum, and how steep both sides are.
N_PARAMETERS = 4
# Fewer points determine no valley with a spread around it; more are not needed.
LEAST_POINTS, MOST_POINTS = 6, 100
# A valley fits where its residuals are no larger than noise makes them in all but so few cases.
MISFIT = 0.1
# Places at which the minimum is tried.
N_PLACES = 401
# Points that lie further above the lowest, in standard deviations, say nothing of its floor.
MOST_RISE = 15.0

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FittedOptimum:
    """The minimum of a valley through the logarithms of the losses of a search.

    Attributes:
        axis: The searched value's name.
        value: Where the minimum lies, in the value's unit.
        low: Lower end of its interval of 90 %, within the range that was searched.
        high: Upper end.
        n: Trials that the valley was drawn through.
    """

    axis: str
    value: float
    low: float
    high: float
    n: int


def fitted_optimum(
    space: Space, points: Sequence[Sequence[float]], losses: Sequence[float], noise: Noise
) -> FittedOptimum | None:
    """Fit the optimum of a search over one continuous value.

    Args:
        space: The search space.
        points: Of its full trainings, in the unit cube, shape (n, 1).
        losses: Theirs, shape (n,).
        noise: Of two arms' difference on a seed: a point's is smaller by the square root of 2.

    Returns:
        None where the space has other values, a loss is not above 0, fewer than `LEAST_POINTS`
        points lie where a valley fits, or its minimum may lie at the ends of these or beyond.
    """
    axes = (*space.vector, *space.settings)
    if len(axes) != 1 or not isinstance(axes[0], FloatAxis) or min(losses, default=0.0) <= 0.0:
        return None
    x = np.array([point[0] for point in points])
    found = minimum(x, np.log(losses), noise.relative / math.sqrt(2.0))
    if found is None:
        return None
    middle, low, high, n = found
    value = axes[0].value
    return FittedOptimum(axes[0].name, value(middle), value(low), value(high), n)


def minimum(x: Array, y: Array, noise: float) -> tuple[float, float, float, int] | None:
    """Return the minimum of a valley around the lowest point, its interval, and its points.

    The valley has a half parabola on each side of its minimum, so that it may be steeper on one.
    The interval holds all places of the minimum that the points do not reject (its profile
    likelihood). It is drawn through as many of the points nearest to the lowest as it fits.

    Args:
        x: Coordinates, shape (n,).
        y: Values, shape (n,).
        noise: Standard deviation of a value, at least 0.

    Returns:
        The minimum, the ends of its interval of 90 %, and how many points were used; None as in
        `fitted_optimum`.
    """
    from scipy.special import chdtri, stdtrit  # late: importing the service stays light

    if not len(x):
        return None
    is_near = y <= y.min() + MOST_RISE * noise
    x, y = x[is_near], y[is_near]
    nearest = np.argsort(np.abs(x - x[np.argmin(y)]), kind="stable")
    for n in _sizes(min(len(x), MOST_POINTS)):
        u, v = x[nearest[:n]], y[nearest[:n]]
        if len(np.unique(u)) < LEAST_POINTS:
            return None
        squares = _squares(np.linspace(u.min(), u.max(), N_PLACES), u, v)
        least, df = float(squares.min()), n - N_PARAMETERS
        if not math.isfinite(least) or least > noise**2 * float(chdtri(df, MISFIT)):
            continue
        t = float(stdtrit(df, 0.5 + CONFIDENCE / 2.0))
        found = _valley(u, v, t**2 * max(least / df, noise**2))
        return (*found, n) if found is not None else None
    return None


def _sizes(n: int) -> Iterator[int]:
    """Yield falling numbers of points: each of few, one in 24 of many."""
    while n >= LEAST_POINTS:
        yield n
        n -= max(1, n // 24)


def _valley(u: Array, v: Array, allowed: float) -> tuple[float, float, float] | None:
    """Return the place of the minimum and the ends of the places that fit almost as well.

    Args:
        u: Coordinates, shape (n,).
        v: Values, shape (n,).
        allowed: How far the sum of squares may lie above the least.

    Returns:
        None where the first or the last of the points is such a place.
    """
    places = np.linspace(u.min(), u.max(), N_PLACES)
    kept = _kept(places, u, v, allowed)
    if kept[0] == 0 or kept[-1] == N_PLACES - 1:
        return None
    places = np.linspace(places[kept[0] - 1], places[kept[-1] + 1], N_PLACES)
    kept = _kept(places, u, v, allowed)
    middle = places[np.argmin(_squares(places, u, v))]
    low, high = places[max(kept[0] - 1, 0)], places[min(kept[-1] + 1, N_PLACES - 1)]
    return float(middle), float(low), float(high)


def _kept(places: Array, u: Array, v: Array, allowed: float) -> NDArray[np.intp]:
    """Return the indices of the places that fit almost as well as the best."""
    squares = _squares(places, u, v)
    return np.flatnonzero(squares <= squares.min() + allowed)


def _squares(places: Array, u: Array, v: Array) -> Array:
    """Return the sum of squared residuals with the minimum at each place, shape (places,).

    It is infinite where the fit falls away from the minimum on a side.
    """
    away = u[None, :] - places[:, None]
    sides = (np.ones_like(away), np.where(away < 0.0, away, 0.0), np.where(away > 0.0, away, 0.0))
    terms = np.stack([side**2 for side in sides], axis=2)
    fits = np.linalg.pinv(terms) @ v
    squares = np.sum((v - np.einsum("pnk,pk->pn", terms, fits)) ** 2, axis=1)
    return np.where((fits[:, 1:] < 0.0).any(axis=1), np.inf, squares)
