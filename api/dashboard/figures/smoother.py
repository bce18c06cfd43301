"""A smooth curve through scattered values, with an interval.

A penalised regression spline (Ruppert, Wand and Carroll 2003, "Semiparametric Regression",
sections 4.9 and 13.4): a cubic low-rank thin-plate spline whose roughness is chosen by restricted
maximum likelihood. The interval is Wahba's: on average over the curve it covers the mean in 95 %
of cases, the smoothing's bias included (Nychka 1988), provided that the values scatter around a
smooth mean independently and with one variance. A test simulates it. It is no simultaneous band.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

FEWEST_VALUES, FEWEST_PLACES = 10, 5
MOST_KNOTS = 20
# Of the penalty, relative to the size of the basis.
PENALTIES = np.logspace(-6, 6, 49)
Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Smooth:
    """A curve with its pointwise interval, each of shape (places,)."""

    mean: Array
    low: Array
    high: Array


def smooth_of(x: ArrayLike, y: ArrayLike, at: ArrayLike) -> Smooth | None:
    """Smooth values over one coordinate.

    Args:
        x: Places, shape (n,).
        y: Finite values there, shape (n,).
        at: Where the curve is wanted, within the range of the places.

    Returns:
        None for fewer than 10 values, or values at fewer than 5 places.
    """
    places, values = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    distinct = np.unique(places)
    if len(values) < FEWEST_VALUES or len(distinct) < FEWEST_PLACES:
        return None
    n_knots = min(MOST_KNOTS, len(distinct) - 2)
    knots = np.quantile(distinct, np.linspace(0.0, 1.0, n_knots + 2)[1:-1])
    centre, scale = float(values.mean()), float(values.std()) or 1.0
    fit = _fit(_basis(places, knots), (values - centre) / scale)
    basis = _basis(np.asarray(at, dtype=np.float64), knots)
    mean = basis @ fit.coefficients
    error = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", basis, fit.covariance, basis), 0.0))
    mean, error = centre + scale * mean, Z95 * scale * error
    return Smooth(mean, mean - error, mean + error)


@dataclass(frozen=True, slots=True)
class _Fit:
    """Coefficients of the basis, shape (p,), and their covariance, shape (p, p)."""

    coefficients: Array
    covariance: Array


def _basis(x: Array, knots: Array) -> Array:
    """Return the columns 1, x and the penalised ones, shape (len(x), 2 + len(knots))."""
    bends = np.abs(x[:, None] - knots[None]) ** 3
    u, s, v = np.linalg.svd(np.abs(knots[:, None] - knots[None]) ** 3)
    root = (v.T * np.sqrt(np.maximum(s, 1e-12))) @ u.T
    penalised: Array = np.linalg.solve(root, bends.T).T
    return np.column_stack([np.ones_like(x), x, penalised])


def _fit(basis: Array, values: Array) -> _Fit:
    gram, moment = basis.T @ basis, basis.T @ values
    free = np.zeros(len(gram))
    free[2:] = np.trace(gram[2:, 2:]) / max(len(gram) - 2, 1) or 1.0
    sum_of_squares, n = float(values @ values), len(values)
    scores = [_score(gram, moment, sum_of_squares, n, p * free) for p in PENALTIES]
    penalty = PENALTIES[int(np.argmin(scores))] * free
    whole = gram + np.diag(penalty + 1e-12 * np.trace(gram))
    inverse = np.asarray(np.linalg.inv(whole), dtype=np.float64)
    coefficients = inverse @ moment
    variance = max(sum_of_squares - float(moment @ coefficients), 1e-15) / max(n - 2, 1)
    return _Fit(coefficients, variance * inverse)


def _score(gram: Array, moment: Array, sum_of_squares: float, n: int, penalty: Array) -> float:
    """Return minus twice the restricted log likelihood, up to a constant."""
    whole = gram + np.diag(penalty + 1e-12 * np.trace(gram))
    rest = sum_of_squares - float(moment @ np.linalg.solve(whole, moment))
    # log|V| + log|X'V^-1X| is log|C'C + penalty| less that of the penalty.
    size = np.linalg.slogdet(whole)[1] - float(np.log(penalty[2:]).sum())
    return (n - 2) * float(np.log(max(rest, 1e-15))) + float(size)
