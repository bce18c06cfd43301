"""Where the optimum of a search over two or three values lies: a valley drawn through its trials.

As `service.report.fitted_optimum` does for one value: a half parabola on each side of the minimum
along each value, so that a valley may be steeper on one side, and the product of each pair of
values, so that it may lie across them. The region of a plain quadratic surface holds the optimum
of a skewed valley in one search of ten; `benchmarks/fitted_optimum.py` has the figures of this.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from service.report.fitted_optimum import CONFIDENCE, MISFIT, MOST_POINTS, MOST_RISE
from service.report.plateau import Noise
from service.studies.search_space import FloatAxis, Space

# Places of the minimum that are tried along each value, by the number of values.
N_PLACES = {2: 25, 3: 11}
# Points beyond the parameters: with fewer the spread around the valley is not known.
LEAST_SPREAD = 2
# Of so many points fewer are tried each time: one in so many is left out.
ONE_IN = 6
# So near to the ends of the points a place is at their edge.
EDGE = 1e-9
# Of the trace of the normal equations, added to their diagonal.
RIDGE = 1e-11

TOO_FEW = "fewer than {n} full trainings lie near the best"
MISFIT_THERE = "the losses near the best form no valley"
BEYOND = "the lowest point may lie at the edge of the full trainings or beyond"

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AxisOptimum:
    """The optimum along one searched value.

    Attributes:
        axis: The value's name.
        value: Where the minimum lies, in the value's unit.
        low: Lower end of the region, within the range that was searched.
        high: Upper end.
    """

    axis: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class JointOptimum:
    """The minimum of a valley through the logarithms of the losses of a search.

    Attributes:
        axes: Along each value; the box of all `low` and `high` holds the region of 90 %. Empty
            where there is no optimum to speak of.
        n: Trials that the valley was drawn through.
        reason: Why there is none; None where there is one.
    """

    axes: tuple[AxisOptimum, ...]
    n: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class Region:
    """A minimum and the box around its region, shape (d,) each; the points that were used."""

    middle: Array
    low: Array
    high: Array
    n: int


def least_points(d: int) -> int:
    """Return how many points a valley over d values takes: 10 for two values, 15 for three."""
    return max(3 * d + 3, _n_parameters(d) + LEAST_SPREAD)


def joint_optimum(
    space: Space, points: Sequence[Sequence[float]], losses: Sequence[float], noise: Noise
) -> JointOptimum | None:
    """Fit the optimum of a search over two or three continuous values.

    The order of the trials, trials that occur twice and the scale of the loss change nothing.

    Args:
        space: The search space.
        points: Of its full trainings, in the unit cube, shape (n, d).
        losses: Theirs, shape (n,).
        noise: Of two arms' difference on a seed: a point's is smaller by the square root of 2.

    Returns:
        None where the space has other values or another number, or a loss is not above 0.
    """
    axes = [axis for axis in (*space.vector, *space.settings) if isinstance(axis, FloatAxis)]
    is_other = len(axes) < space.dimension or len(axes) not in N_PLACES
    if is_other or min(losses, default=0.0) <= 0.0:
        return None
    rows = np.unique(np.column_stack([points, np.log(losses)]), axis=0)
    found = minimum(rows[:, :-1], rows[:, -1], noise.relative / math.sqrt(2.0))
    if isinstance(found, str):
        return JointOptimum((), 0, found)
    ends = zip(axes, found.middle, found.low, found.high, strict=True)
    fitted = (
        AxisOptimum(a.name, *(a.value(float(np.clip(u, 0, 1))) for u in own)) for a, *own in ends
    )
    return JointOptimum(tuple(fitted), found.n, None)


def minimum(x: Array, y: Array, noise: float) -> Region | str:
    """Return the minimum of a valley around the lowest point, and the box around its region.

    The region holds all places of the minimum that the points do not reject together (profile
    likelihood, by the F distribution). A direction along which the losses do not curve has such
    places at the ends of the points, and so no optimum. The valley is drawn through as many of the
    points nearest to the lowest as it fits.

    Args:
        x: Coordinates, shape (n, d).
        y: Values, shape (n,).
        noise: Standard deviation of a value, at least 0.

    Returns:
        Why there is no optimum to speak of, or where it is.
    """
    least = least_points(x.shape[1])
    is_near = y <= y.min() + MOST_RISE * noise
    x, y = x[is_near], y[is_near]
    away = np.linalg.norm(x - x[np.argmin(y)], axis=1)
    nearest = np.argsort(np.round(away, 12), kind="stable")
    reason = TOO_FEW.format(n=least)
    for n in _sizes(min(len(x), MOST_POINTS), least):
        found = _region(x[nearest[:n]], y[nearest[:n]], noise)
        if found is not None:
            return found
        reason = MISFIT_THERE
    return reason


def _sizes(n: int, least: int) -> Iterator[int]:
    while n >= least:
        yield n
        n -= max(1, n // ONE_IN)


def _n_parameters(d: int) -> int:
    """Return the parameters of a valley: height, place, two sides a value, products of pairs."""
    return 1 + d + 2 * d + d * (d - 1) // 2


def _region(x: Array, y: Array, noise: float) -> Region | str | None:
    """Return the region of the minimum of some points; None where no valley fits them."""
    low, high = x.min(axis=0), x.max(axis=0)
    if not (high > low).all():
        return None
    found = _profiled((2.0 * x - low - high) / (high - low), y, noise)
    if not isinstance(found, Region):
        return found
    middle, first, last = (
        low + (high - low) * (1.0 + z) / 2.0 for z in (found.middle, found.low, found.high)
    )
    return Region(middle, first, last, len(x))


def _profiled(z: Array, y: Array, noise: float) -> Region | str | None:
    """Return the region of points that span the cube [-1, 1]^d."""
    from scipy.special import chdtri, fdtri  # late: importing the service stays light

    d = z.shape[1]
    df, step = len(z) - _n_parameters(d), 2.0 / (N_PLACES[d] - 1)
    places, squares = _tried(-np.ones(d), np.ones(d), z, y)
    best = places[np.argmin(squares)]
    finer = _tried(best - step, best + step, z, y)
    places, squares = np.concatenate([places, finer[0]]), np.concatenate([squares, finer[1]])
    least = float(squares.min())
    if least > noise**2 * float(chdtri(df, MISFIT)):
        return None
    spread = max(least / df, noise**2)
    allowed = least + d * float(fdtri(d, df, CONFIDENCE)) * spread
    kept = places[squares <= allowed]
    if (np.abs(kept) > 1.0 - EDGE).any():
        return BEYOND
    return _boxed(kept.min(axis=0) - step, kept.max(axis=0) + step, z, y, allowed)


def _boxed(low: Array, high: Array, z: Array, y: Array, allowed: float) -> Region | str:
    """Return the box around the places in a box that fit almost as well as the best."""
    low, high = np.maximum(low, -1.0), np.minimum(high, 1.0)
    places, squares = _tried(low, high, z, y)
    middle = places[np.argmin(squares)]
    if not _is_valley(middle, z, y):
        return BEYOND
    kept = places[squares <= max(allowed, float(squares.min()))]
    step = (high - low) / (N_PLACES[z.shape[1]] - 1)
    low, high = np.maximum(kept.min(axis=0) - step, -1.0), np.minimum(kept.max(axis=0) + step, 1.0)
    return Region(middle, low, high, len(z))


def _tried(low: Array, high: Array, z: Array, y: Array) -> tuple[Array, Array]:
    """Return places on a grid in a box, shape (places, d), and their sums of squares."""
    n = N_PLACES[z.shape[1]]
    lines = [np.linspace(*ends, n) for ends in zip(low, high, strict=True)]
    places = np.stack(np.meshgrid(*lines, indexing="ij"), axis=-1).reshape(-1, z.shape[1])
    return places, _squares(places, z, y)


def _squares(places: Array, z: Array, y: Array) -> Array:
    """Return the sum of squared residuals with the minimum at each place, shape (places,).

    Also of fits that fall away from their place: that makes a region larger, never smaller.
    """
    terms = _terms(places, z)
    return np.asarray(np.sum((y - np.einsum("pnk,pk->pn", terms, _fits(terms, y))) ** 2, axis=1))


def _terms(places: Array, z: Array) -> Array:
    """Return the terms of a valley with its minimum at each place, shape (places, n, terms)."""
    away = z[None, :, :] - places[:, None, :]
    sides = (np.where(away < 0.0, away, 0.0) ** 2, np.where(away > 0.0, away, 0.0) ** 2)
    products = [away[..., i] * away[..., j] for i, j in combinations(range(z.shape[1]), 2)]
    return np.concatenate([np.ones_like(away[..., :1]), *sides, np.stack(products, -1)], axis=-1)


def _fits(terms: Array, y: Array) -> Array:
    """Return the least squares' factors of the terms at each place, shape (places, terms)."""
    across = terms.swapaxes(1, 2)
    normal = across @ terms
    # A side without points has no slope: a share of the trace keeps the equations solvable.
    ridge = RIDGE * normal.trace(axis1=1, axis2=2)[:, None, None] * np.eye(terms.shape[2])
    return np.asarray(np.linalg.solve(normal + ridge, (across @ y)[..., None])[..., 0])


def _is_valley(place: Array, z: Array, y: Array) -> bool:
    """Whether the fit at a place rises from it to all sides."""
    d = len(place)
    _, below, above, products = np.split(
        _fits(_terms(place[None], z), y)[0], [1, 1 + d, 1 + 2 * d]
    )
    flatter = np.minimum(below, above)
    pairs = combinations(range(d), 2)
    rises = [
        c**2 < 4.0 * flatter[i] * flatter[j] for c, (i, j) in zip(products, pairs, strict=True)
    ]
    return bool((flatter > 0.0).all() and all(rises))
