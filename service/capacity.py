"""How many trials of a shape fit into a cluster's resources."""

from __future__ import annotations

import math
from collections.abc import Mapping

UNLIMITED = 10**6
# Ray counts in ten-thousandths; what is below that is rounding: five fifths of a GPU are one.
EPSILON = 1e-5
# Memory that a training may use for each CPU of its share even where memory is short, bytes.
LEAST_MEMORY_PER_CPU = 2**29


def n_slots(total: Mapping[str, float], cpus: float, gpus: float) -> int:
    """Return how many shares of so many CPUs and GPUs `total` holds, both as `cpus`, `gpus`."""
    return max(0, min(_shares(total["cpus"], cpus), _shares_of_gpus(total["gpus"], gpus)))


def _shares(total: float, each: float) -> int:
    return math.floor((total + EPSILON) / each) if each else UNLIMITED


def _shares_of_gpus(total: float, each: float) -> int:
    """Count whole GPUs first: a share below one GPU never spans two of them."""
    if 0.0 < each < 1.0 <= total:
        return math.floor(total + EPSILON) * _shares(1.0, each)
    return _shares(total, each)
