"""The order in which metrics are shown: first those that the literature reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

FIRST = ("psnr_clipped_db", "ssim_gaussian", "accuracy", "accuracy_top5")

Value = TypeVar("Value")


def in_order(metrics: Mapping[str, Value]) -> dict[str, Value]:
    """Return metrics in the order of `FIRST`, then by name."""
    ranks = {name: rank for rank, name in enumerate(FIRST)}
    names = sorted(metrics, key=lambda name: (ranks.get(name, len(FIRST)), name))
    return {name: metrics[name] for name in names}
