"""The order in which metrics are shown: first those that the literature reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from service.tasks.registry import TASKS

# Each kind's, without those that an earlier one has.
FIRST = tuple(dict.fromkeys(name for info in TASKS.values() for name in info.metrics))
# What a split itself gives, the same for every network: no arm is compared by it.
OF_THE_SPLIT = ("constant_loss", "input_psnr_db", "noisy_psnr_db")

Value = TypeVar("Value")


def in_order(metrics: Mapping[str, Value]) -> dict[str, Value]:
    """Return metrics in the order of `FIRST`, then by name."""
    ranks = {name: rank for rank, name in enumerate(FIRST)}
    names = sorted(metrics, key=lambda name: (ranks.get(name, len(FIRST)), name))
    return {name: metrics[name] for name in names}
