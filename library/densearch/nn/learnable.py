"""The density families of `densearch.density.families` as differentiable torch modules.

A family maps a vector of free values to Phi. The layout of a vector has its one home in
`densearch.density.families`: a family whose taps are single values, or products of single values,
is asked there for a density of distinct values, and where each of them lands is kept here.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from densearch.density import families

_BY_FACTOR = ("symmetric", "separable-symmetric", "separable")
_BY_TAP = ("radial", "full")
# exp(-exp(t)) is exactly 0 from here on in float64: beyond, t only overflows.
_LARGEST_LOG = math.log(1000.0)


def family_module(family: str, kernel_size: int, n_dims: int = 2) -> nn.Module:
    """Return the map from a vector to its density, differentiable in the vector.

    Args:
        family: One of `densearch.density.families.FAMILIES`.
        kernel_size: K, odd, 3 to `densearch.density.families.MAX_KERNEL_SIZE`.
        n_dims: 1, 2 or 3.

    Returns:
        A module without parameters: (n_free,) -> (K,) * n_dims in the vector's floating dtype,
        equal to the `phi` of `densearch.density.families.build` to rounding. For gaussian and
        power the vector is above 0; their gradient is finite however steep the density is.

    Raises:
        ValueError: As `densearch.density.families.n_free`.
    """
    n_free = families.n_free(family, kernel_size, n_dims)
    if family in _BY_FACTOR or family in _BY_TAP:
        distinct = families.build(family, kernel_size, range(2, n_free + 2), n_dims)
        if family in _BY_FACTOR:
            return _Product(_places(np.stack(distinct.factors), n_free))
        return _Choice(_places(distinct.phi, n_free))
    return _Decay(family, families.distances(kernel_size, n_dims))


def _places(distinct: NDArray[np.float64], n_free: int) -> Tensor:
    """Return where each of the values 2, 3, ... stands in its vector; 1 stands right after it."""
    values = np.rint(distinct).astype(np.int64)
    return torch.from_numpy(np.where(values == 1, n_free, values - 2))


class _Choice(nn.Module):
    """Phi whose every tap is one of the vector's values, or 1."""

    places: Tensor

    def __init__(self, places: Tensor) -> None:
        super().__init__()
        self.register_buffer("places", places, persistent=False)

    def forward(self, vector: Tensor) -> Tensor:
        return torch.cat([vector, vector.new_ones(1)])[self.places]


class _Product(_Choice):
    """Phi as the outer product of one such factor per axis."""

    def forward(self, vector: Tensor) -> Tensor:
        phi: Tensor
        phi, *others = super().forward(vector)
        for factor in others:
            phi = phi[..., None] * factor
        return phi


class _Decay(nn.Module):
    """Phi = exp(-(d / scale)^exponent); a Gaussian has the scale sqrt(2) sigma, the exponent 2."""

    log_distances: Tensor
    is_centre: Tensor

    def __init__(self, family: str, distances: NDArray[np.float64]) -> None:
        super().__init__()
        self._is_gaussian = family == "gaussian"
        steps = torch.from_numpy(distances)
        self.register_buffer("is_centre", steps == 0, persistent=False)
        self.register_buffer(
            "log_distances", steps.masked_fill(steps == 0, 1.0).log(), persistent=False
        )

    def forward(self, vector: Tensor) -> Tensor:
        exponent = 2.0 if self._is_gaussian else vector[1]
        scale = vector[0] * math.sqrt(2) if self._is_gaussian else vector[0]
        # By logarithms, so that steep densities end at 0 with gradient 0, not at inf times 0.
        power = exponent * (self.log_distances.to(vector.dtype) - scale.log())
        phi = torch.exp(-torch.exp(power.clamp(max=_LARGEST_LOG)))
        return phi.masked_fill(self.is_centre, 1.0)
