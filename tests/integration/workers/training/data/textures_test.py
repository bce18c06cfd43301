"""Textures: tiles of bands of images, which no two splits share."""

from __future__ import annotations

import numpy as np

from workers.training.data.images import grey_image
from workers.training.data.textures import BANDS, CLASSES, TILE_PX, load_textures, region


def test_bands_share_out_an_image_without_overlap() -> None:
    for name in CLASSES:
        parts = [region(name, split) for split in BANDS]
        np.testing.assert_array_equal(np.concatenate(parts), grey_image(name))


def test_tiles_are_of_their_class_and_split() -> None:
    for split, (tiles, labels) in load_textures().items():
        assert tiles.shape[1:] == (TILE_PX, TILE_PX)
        assert len(set(np.bincount(labels))) == 1  # as many of each class
        for label, name in enumerate(CLASSES):
            first, last = tiles[labels == label][[0, -1]]
            band = region(name, split)
            np.testing.assert_array_equal(first, band[:TILE_PX, :TILE_PX])
            np.testing.assert_array_equal(last, band[-TILE_PX:, -TILE_PX:])
