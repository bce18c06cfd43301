"""Random generators of a training, functions of its seed alone (common random numbers)."""

from __future__ import annotations

import numpy as np
import torch

from densearch.plugins.objective import Generators


def generators_of(seed: int, device: torch.device) -> Generators:
    """Derive a training's generators from its seed, 0 <= seed."""
    drawn = np.random.SeedSequence(seed).generate_state(4, dtype=np.uint64)
    weights, order, noise, augmentation = map(int, drawn)
    return Generators(
        weights=generator(weights),
        order=generator(order),
        noise=generator(noise, device),
        augmentation=generator(augmentation, device),
    )


def generator(seed: int, device: torch.device | None = None) -> torch.Generator:
    """Return a generator on `device` (the CPU by default) that starts from `seed` < 2**64."""
    fresh = torch.Generator(device=device or torch.device("cpu"))
    # manual_seed takes signed 64-bit integers; the lost bit makes no two of our seeds equal.
    fresh.manual_seed(seed % 2**63)
    return fresh
