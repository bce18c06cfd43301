"""Handwritten digits: scikit-learn's 1,797 images of 8x8."""

from __future__ import annotations

import gzip
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workers.training.data.splitting import SPLIT_SEED, stratified_split

_SIZE_PX = 8


def load_digits() -> dict[str, tuple[NDArray[np.float32], NDArray[np.int64]]]:
    """Return each split's images (N, 8, 8) in [0, 1] and labels (N,): 60, 20, 20 % per class."""
    with gzip.open(_path(), "rt", encoding="ascii") as file:
        table = np.loadtxt(file, delimiter=",")
    images = (table[:, :-1].reshape(-1, _SIZE_PX, _SIZE_PX) / 16).astype(np.float32)
    labels = table[:, -1].astype(np.int64)
    chosen = stratified_split(labels, SPLIT_SEED)
    return {split: (images[rows], labels[rows]) for split, rows in chosen.items()}


def _path() -> Path:
    """Return the file that `sklearn.datasets.load_digits` reads.

    Importing sklearn.datasets for it would cost each worker a second and 100 MB.
    """
    package = find_spec("sklearn")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("the digits need scikit-learn", name="sklearn")
    return Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz"
