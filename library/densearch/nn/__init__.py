"""Densities on PyTorch networks: put one on, learn one, fold it into plain convolutions."""

from densearch.extras import required

with required("torch"):
    from densearch.nn.learnable import family_module
    from densearch.nn.operator import (
        DensityError,
        apply_density,
        convolutions,
        fixed_density,
        fold,
        is_weighted,
        put_density,
    )

__all__ = [
    "DensityError",
    "apply_density",
    "convolutions",
    "family_module",
    "fixed_density",
    "fold",
    "is_weighted",
    "put_density",
]
