"""Handwritten digits: scikit-learn's 1,797 images of 8x8."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workers.training.data.splitting import SPLIT_SEED, stratified_split


def load_digits() -> dict[str, tuple[NDArray[np.float32], NDArray[np.int64]]]:
    """Return each split's images (N, 8, 8) in [0, 1] and labels (N,): 60, 20, 20 % per class."""
    from sklearn import datasets  # slow to import, and absent where only uploads are trained on

    bunch = datasets.load_digits()
    images = (bunch.images / 16).astype(np.float32)
    labels = bunch.target.astype(np.int64)
    chosen = stratified_split(labels, SPLIT_SEED)
    return {split: (images[rows], labels[rows]) for split, rows in chosen.items()}
