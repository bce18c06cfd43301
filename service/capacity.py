"""How many trials of a shape fit into a cluster's resources."""

from __future__ import annotations

from collections.abc import Mapping

UNLIMITED = 10**6


def n_places(total: Mapping[str, float], cpus: float, gpus: float) -> int:
    """Return how many shares of so many CPUs and GPUs `total` holds, both as `cpus`, `gpus`."""
    by_cpus = int(total["cpus"] // cpus) if cpus else UNLIMITED
    by_gpus = int(total["gpus"] // gpus) if gpus else UNLIMITED
    return max(0, min(by_cpus, by_gpus))
