"""The scale of a density: the root mean square of its Phi, a common factor before its shape."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from densearch.density.families import MAX_VALUE, Density


def matching_factor(density: Density) -> float:
    """The factor of the flat control that scales initial weights as much as `density` does.

    The root mean square of Phi: with it W * factor and W * Phi have the same expected norm, so
    that what is left between the two arms is the shape.
    """
    return float(np.sqrt(np.mean(density.phi**2)))


def scaled(shape: Density, factor: float) -> Density:
    """Build the density of a shape with a common factor: Phi = factor * shape / rms(shape).

    The root mean square of its Phi is the factor, so that scale and shape are two things: with a
    shape of ones it is the control ``flat``, and with the factor 1 besides the plain convolution,
    both exactly.

    Args:
        shape: Any but one of zeros. Its family and vector stay the density's.
        factor: Above 0, at most `MAX_VALUE`.

    Raises:
        ValueError: A factor out of range, or a shape without scale.
    """
    own = matching_factor(shape)
    if not 0.0 < factor <= MAX_VALUE or own == 0.0:
        raise ValueError(f"a factor of {factor!r} cannot scale a density of scale {own!r}")
    ratio = factor / own
    phi = shape.phi * ratio
    factors = tuple(one * ratio ** (1.0 / shape.n_dims) for one in shape.factors)
    for array in (phi, *factors):
        array.setflags(write=False)
    return replace(shape, phi=phi, factors=factors, factor=float(factor))
