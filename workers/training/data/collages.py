"""Collages: regions of brick, grass and gravel; the masks say which texture each pixel is of."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from workers.training.data.patched import PatchDataset, held_source, standardising
from workers.training.data.textures import CLASSES, region

SIDE_PX = 64
N_COLLAGES = {"train": 120, "validation": 24, "test": 24}
_SEED = 20250524
_N_SITES = 6

Image = NDArray[np.float32]
Mask = NDArray[np.uint8]


def load_collages() -> Mapping[str, tuple[list[Image], list[Mask]]]:
    """Return each split's images (1, 64, 64) in [0, 1] and masks (1, 64, 64), indices in CLASSES.

    A collage is divided among 6 random pixels: each pixel belongs to the nearest one (the first
    of several). Two of the 6 have each of the three textures. What is seen of a texture is one
    square from a random place of the image regions that split the textures, so that no pixel is
    in two splits. Whole numbers alone decide: every machine makes the same ones.
    """
    random = np.random.default_rng(_SEED)
    loaded = {}
    for split, n in N_COLLAGES.items():
        drawn = [_collage(split, random) for _ in range(n)]
        loaded[split] = ([image for image, _ in drawn], [mask for _, mask in drawn])
    return loaded


def collages(device: torch.device) -> PatchDataset:
    """Return the set on a device."""
    splits = {
        split: held_source(
            [images, [mask.astype(np.float32) for mask in masks]],
            device,
            torch.zeros(len(images), dtype=torch.long),  # pieces of the same photographs
        )
        for split, (images, masks) in load_collages().items()
    }
    inputs = [images for images, _ in splits["train"].crops()]
    return PatchDataset(
        splits,
        n_dims=2,
        n_channels=(1, 1),
        n_outputs=len(CLASSES),
        validation_crops=splits["validation"].crops,
        normalise=standardising(inputs),
    )


def _collage(split: str, random: np.random.Generator) -> tuple[Image, Mask]:
    sites = random.integers(SIDE_PX, size=(_N_SITES, 2))
    textures = random.permutation(np.arange(_N_SITES) % len(CLASSES))
    pixels = np.indices((SIDE_PX, SIDE_PX))
    away = ((pixels[None] - sites[:, :, None, None]) ** 2).sum(axis=1)
    mask = textures[away.argmin(axis=0)].astype(np.uint8)
    squares = np.stack([_square(region(name, split), random) for name in CLASSES])
    image = np.take_along_axis(squares, mask[None].astype(np.intp), axis=0)
    return image, mask[None]


def _square(whole: Image, random: np.random.Generator) -> Image:
    row, column = random.integers(np.array(whole.shape) - SIDE_PX + 1)
    return whole[row : row + SIDE_PX, column : column + SIDE_PX]
