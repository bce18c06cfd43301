"""Textures: classification of 32x32 px tiles as brick, grass or gravel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workers.training.data.images import GreyImage, grey_image

CLASSES = ("brick", "grass", "gravel")
TILE_PX = 32
# Rows of each 512x512 image and the step between tiles. Splits are bands of the image: tiles of
# one band may share pixels with each other, never with another band, or neighbours would leak.
BANDS: dict[str, tuple[int, int, int]] = {
    "train": (0, 320, 16),
    "validation": (320, 416, 32),
    "test": (416, 512, 32),
}


def region(name: str, split: str) -> GreyImage:
    """Return the rows of one texture's image that belong to a split, in [0, 1]."""
    top, bottom, _ = BANDS[split]
    return grey_image(name)[top:bottom]


def load_textures() -> dict[str, tuple[NDArray[np.float32], NDArray[np.int64]]]:
    """Return each split's tiles (N, 32, 32) in [0, 1] and labels (N,), indices in `CLASSES`."""
    return {split: _load_band(split) for split in BANDS}


def _load_band(split: str) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    tiles, labels = [], []
    step = BANDS[split][2]
    for label, name in enumerate(CLASSES):
        of_class = _tiles(region(name, split), step)
        tiles.append(of_class)
        labels.append(np.full(len(of_class), label, dtype=np.int64))
    return np.concatenate(tiles), np.concatenate(labels)


def _tiles(region: GreyImage, step: int) -> NDArray[np.float32]:
    windows = np.lib.stride_tricks.sliding_window_view(region, (TILE_PX, TILE_PX))
    return np.ascontiguousarray(windows[::step, ::step].reshape(-1, TILE_PX, TILE_PX))
