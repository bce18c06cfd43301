"""Shared by the objectives: they count batches, and refuse label smoothing without classes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def count_batches(n_samples: int, batch_size: int, *, drops_last: bool) -> int:
    """Return how many batches hold an epoch's samples.

    Args:
        n_samples: At least 1.
        batch_size: Samples of a batch.
        drops_last: Whether a smaller last one is left out.

    Raises:
        ValueError: None is left.
    """
    if not drops_last:
        return math.ceil(n_samples / batch_size)
    if n_samples < batch_size:
        raise ValueError(
            f"an epoch has {n_samples} samples: with training.drop_last no batch of {batch_size} "
            f"is left of it; use a batch_size of at most {n_samples}"
        )
    return n_samples // batch_size


def refuse_smoothing(kind: str, training: Mapping[str, Any]) -> None:
    """Raise ValueError where labels are to be smoothed in a kind of task without classes."""
    if training.get("label_smoothing", 0.0) > 0:
        raise ValueError(f"{kind} has no classes to spread a label over")
