"""Faces: scikit-image's 200 grey images of 25x25, half of them faces."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workers.training.data.splitting import SPLIT_SEED, stratified_split

CLASSES = ("other", "face")
_N_FACES = 100


def load_faces() -> dict[str, tuple[NDArray[np.float32], NDArray[np.int64]]]:
    """Return each split's images (N, 25, 25) in [0, 1] and labels (N,), indices in `CLASSES`.

    60, 20 and 20 % of each class.

    Source: a subset of G. B. Huang et al., "Labeled Faces in the Wild", 2007; its faces come
    first, then pieces of the same photographs without one.
    """
    from skimage import data  # slow to import, and absent where only uploads are trained on

    images = data.lfw_subset().astype(np.float32)
    labels = (np.arange(len(images)) < _N_FACES).astype(np.int64)
    chosen = stratified_split(labels, SPLIT_SEED)
    return {split: (images[rows], labels[rows]) for split, rows in chosen.items()}
