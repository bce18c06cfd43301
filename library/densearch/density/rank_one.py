"""The nearest separable density: one factor per axis whose outer product comes closest to Phi."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Relative Frobenius error under which a density counts as rank one: rounding of an SVD, no more.
RANK_ONE_TOLERANCE = 1e-12
POWER_STEPS = 100


def outer(factors: Sequence[Array]) -> Array:
    """The outer product of one factor of shape (K,) per axis, shape (K,) * len(factors)."""
    return np.array(reduce(np.multiply.outer, factors))


def rank_one(phi: Array) -> tuple[tuple[Array, ...], float]:
    """The best rank-one approximation of a density, and its relative Frobenius error.

    Two dimensions by SVD (Eckart-Young); three by the higher-order power method started from the
    SVD of each unfolding (De Lathauwer et al. 2000), a local best. A line is its own factor.

    Returns:
        One factor of shape (K,) per axis, whose values at the centre are equal, and the error.
    """
    if phi.ndim == 1:
        return (phi,), 0.0
    units = [_leading_vector(phi, axis) for axis in range(phi.ndim)]
    for _ in range(0 if phi.ndim == 2 else POWER_STEPS):
        for axis in range(phi.ndim):
            units[axis] = _normalised(_contract(phi, units, axis))
    weight = float(_contract(phi, units, 0) @ units[0])
    factors = _share_scale(units, weight)
    residual = float(np.linalg.norm(phi - outer(factors)) / np.linalg.norm(phi))
    return factors, residual if residual > RANK_ONE_TOLERANCE else 0.0


def _leading_vector(phi: Array, axis: int) -> Array:
    unfolded = np.moveaxis(phi, axis, 0).reshape(phi.shape[axis], -1)
    return np.array(np.linalg.svd(unfolded, full_matrices=False)[0][:, 0])


def _contract(phi: Array, units: Sequence[Array], keep: int) -> Array:
    result = phi
    for axis in reversed(range(phi.ndim)):
        if axis != keep:
            result = np.tensordot(result, units[axis], axes=([axis], [0]))
    return result


def _normalised(vector: Array) -> Array:
    length = float(np.linalg.norm(vector))
    return vector / length if length else vector


def _share_scale(units: Sequence[Array], weight: float) -> tuple[Array, ...]:
    """Scale unit vectors so that their product is weight times their outer product.

    Equal centres make alpha equal beta where Phi is symmetric, and 1 at the centre where Phi is of
    rank one.
    """
    centres = [float(unit[unit.size // 2]) for unit in units]
    centre = weight * math.prod(centres)
    if centre <= 0.0:  # a full density without weight on its centre: share the norm instead
        shared = abs(weight) ** (1.0 / len(units))
        first = units[0] * math.copysign(shared, weight)
        return (first, *(unit * shared for unit in units[1:]))
    each = centre ** (1.0 / len(units))
    return tuple(unit * (each / middle) for unit, middle in zip(units, centres, strict=True))
