"""Densities of weighted convolutions: families, controls, search ranges and rank-one factors."""

from densearch.density.families import (
    CONTROLS,
    FAMILIES,
    MAX_KERNEL_SIZE,
    Density,
    build,
    control,
    default_bounds,
    describe,
    distances,
    matching_factor,
    n_free,
    scaled,
    wide_bounds,
)

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
