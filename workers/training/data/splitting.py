"""Splits of the built-in sets that are drawn at random, from a fixed seed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# The split belongs to the data set, not to a trial: it never follows a job's seed.
SPLIT_SEED = 20250524
_SHARES = {"train": 0.6, "validation": 0.2, "test": 0.2}


def stratified_split(labels: NDArray[np.int64], seed: int) -> dict[str, NDArray[np.intp]]:
    """Split the rows of each class at random by the same shares.

    Args:
        labels: (N,).
        seed: Of the shuffle within each class.

    Returns:
        For each split its sorted row numbers; together they are 0..N-1, each once.
    """
    random = np.random.default_rng(seed)
    parts: dict[str, list[NDArray[np.intp]]] = {split: [] for split in _SHARES}
    for label in np.unique(labels):
        rows = random.permutation(np.flatnonzero(labels == label))
        ends = np.round(np.cumsum(list(_SHARES.values())) * len(rows)).astype(int)
        for split, part in zip(_SHARES, np.split(rows, ends[:-1]), strict=True):
            parts[split].append(part)
    return {split: np.sort(np.concatenate(rows)) for split, rows in parts.items()}
