"""Profiles of densities by radius, and what they do to the receptive field of a network.

In a chain of convolutions with independent random weights of mean 0, without strides and with
linear units, the gradient of an output with respect to the inputs has mean 0, and its variance at
an offset is the convolution of the squared densities of the layers, up to a factor. That is the
effective receptive field of W. Luo et al., "Understanding the Effective Receptive Field in Deep
Convolutional Neural Networks", NeurIPS 2016, with a density on the weights.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# More values than this are not computed: volumes under many layers.
MOST_VALUES = 4_000_000


def distances(shape: Sequence[int]) -> Array:
    """Return the distance of each place of an array of odd sides from its centre, in taps."""
    axes = [np.arange(size) - size // 2 for size in shape]
    grids = np.meshgrid(*axes, indexing="ij")
    return np.sqrt(np.sum(np.square(np.stack(grids)), axis=0, dtype=np.float64))


def radial_profile(phi: Array) -> tuple[list[float], list[float]]:
    """Return the mean of a density at each distance from its centre.

    Args:
        phi: Shape (K,) * n_dims.

    Returns:
        The distances that occur, ascending, and the means.
    """
    radii, places = np.unique(np.round(distances(phi.shape), 9), return_inverse=True)
    sums = np.bincount(places.ravel(), weights=phi.ravel())
    return radii.tolist(), (sums / np.bincount(places.ravel())).tolist()


def receptive_field(densities: Sequence[Array]) -> Array | None:
    """Return the variance of the gradient of an output by offset, with a sum of 1.

    Args:
        densities: Of the layers of the chain, each of shape (K,) * n_dims with a K of its own.

    Returns:
        Shape (1 + sum of K - 1,) * n_dims; None where that is too large, or all is 0.
    """
    side = 1 + sum(phi.shape[0] - 1 for phi in densities)
    n_dims = densities[0].ndim
    if side**n_dims > MOST_VALUES:
        return None
    axes = tuple(range(n_dims))
    spectrum = np.ones((), dtype=np.complex128)
    for phi in densities:
        own = np.square(phi)
        if not own.any():
            return None
        spectrum = spectrum * np.fft.rfftn(own / own.sum(), s=(side,) * n_dims, axes=axes)
    field: Array = np.fft.irfftn(spectrum, s=(side,) * n_dims, axes=axes)
    np.maximum(field, 0.0, out=field)  # rounding
    field /= field.sum()
    return field


def within_radius(field: Array) -> tuple[list[float], list[float]]:
    """Return the share of a field within each distance of its centre.

    Args:
        field: Sides odd, with a sum of 1.

    Returns:
        The distances that occur, ascending, and the share up to and with each.
    """
    radii, places = np.unique(np.round(distances(field.shape), 9), return_inverse=True)
    shares = np.cumsum(np.bincount(places.ravel(), weights=field.ravel()))
    return radii.tolist(), shares.tolist()


def radius_of_share(radii: Sequence[float], shares: Sequence[float], wanted: float) -> float:
    """Return the least distance within which there is a share of the field."""
    return radii[min(int(np.searchsorted(shares, wanted - 1e-12)), len(radii) - 1)]
