"""Densities of weighted convolutions: families, controls, search ranges and rank-one factors."""

from densearch.density.families import (
    CONTROLS,
    FAMILIES,
    MAX_KERNEL_SIZE,
    Density,
    build,
    control,
    describe,
    distances,
    n_free,
)
from densearch.density.ranges import default_bounds, wide_bounds
from densearch.density.scale import matching_factor, scaled

__all__ = [
    "CONTROLS",
    "FAMILIES",
    "MAX_KERNEL_SIZE",
    "Density",
    "build",
    "control",
    "default_bounds",
    "describe",
    "distances",
    "matching_factor",
    "n_free",
    "scaled",
    "wide_bounds",
]
