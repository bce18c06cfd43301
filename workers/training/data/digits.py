"""Handwritten digits: scikit-learn's 1,797 images of 8x8."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# The split belongs to the data set, not to a trial: it never follows a job's seed.
SPLIT_SEED = 20250524
_SHARES = {"train": 0.6, "validation": 0.2, "test": 0.2}


def load_digits() -> dict[str, tuple[NDArray[np.float32], NDArray[np.int64]]]:
    """Return each split's images (N, 8, 8) in [0, 1] and labels (N,): 60, 20, 20 % per class."""
    from sklearn import datasets  # slow to import, and absent where only uploads are trained on

    bunch = datasets.load_digits()
    images = (bunch.images / 16).astype(np.float32)
    labels = bunch.target.astype(np.int64)
    chosen = stratified_split(labels, SPLIT_SEED)
    return {split: (images[rows], labels[rows]) for split, rows in chosen.items()}


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
