"""The data set: images with one to four rings around one centre, under noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SIDE_PX = 24
N_CLASSES = 4
NOISE = 0.3


def draw(n: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Draw images (n, 1, 24, 24) and their number of rings less one, (n,), always the same."""
    random = np.random.default_rng(seed)
    labels = np.arange(n) % N_CLASSES
    images = np.stack([_image(int(label) + 1, random) for label in labels])
    return images[:, None].astype(np.float32), labels.astype(np.int64)


def _image(n_rings: int, random: np.random.Generator) -> NDArray[np.float64]:
    centre = random.uniform(-2, 2, size=2) + SIDE_PX / 2
    rows, columns = np.indices((SIDE_PX, SIDE_PX))
    distance = np.hypot(rows - centre[0], columns - centre[1])
    radii = 2.5 * np.arange(1, n_rings + 1) + random.uniform(-0.3, 0.3, size=n_rings)
    ink: NDArray[np.float64] = np.exp(-((distance[..., None] - radii) ** 2) / 0.5).sum(axis=-1)
    return ink + random.normal(0, NOISE, size=ink.shape)
