"""Mosaics: tiles of four patches of brick, grass and gravel; the labels say which are in one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workers.training.data.textures import CLASSES, region

PATCH_PX = 16
N_TILES = {"train": 2000, "validation": 500, "test": 500}
_SEED = 20250524
_N_PATCHES = 4

Tile = NDArray[np.float32]


def load_mosaics() -> dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Return each split's tiles (N, 32, 32) in [0, 1] and labels (N, 3) of 0 and 1.

    Labels are in the order of `textures.CLASSES`; every combination but none is as likely.
    Patches have random coordinates within the image region of their split, so that no pixel is in
    two splits.
    """
    random = np.random.default_rng(_SEED)
    return {split: _draw(split, n, random) for split, n in N_TILES.items()}


def _draw(
    split: str, n: int, random: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    regions = [region(name, split) for name in CLASSES]
    combinations = random.integers(1, 2 ** len(CLASSES), size=n)
    labels = combinations[:, None] >> np.arange(len(CLASSES)) & 1
    tiles = [_tile(regions, np.flatnonzero(present), random) for present in labels]
    return np.stack(tiles), labels.astype(np.float32)


def _tile(regions: list[Tile], present: NDArray[np.intp], random: np.random.Generator) -> Tile:
    """Build a tile of four patches that contains each present texture at least once."""
    others = random.choice(present, _N_PATCHES - len(present))
    chosen = random.permutation(np.concatenate([present, others]))
    patches = [_patch(regions[texture], random) for texture in chosen]
    return np.block([patches[:2], patches[2:]])


def _patch(whole: Tile, random: np.random.Generator) -> Tile:
    row, column = random.integers(np.array(whole.shape) - PATCH_PX + 1)
    return whole[row : row + PATCH_PX, column : column + PATCH_PX]
