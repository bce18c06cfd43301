"""Mosaics: their labels name the textures that are in them."""

from __future__ import annotations

import numpy as np

from workers.training.data import textures
from workers.training.data.mosaics import PATCH_PX, load_mosaics


def test_the_labels_of_mosaics_say_what_is_in_them() -> None:
    for split, (tiles, labels) in load_mosaics().items():
        combinations = np.unique(labels, axis=0, return_counts=True)[1]
        assert len(combinations) == 7
        assert combinations.min() > len(labels) / 14
        if split == "train":  # the largest region by far, of the same code
            continue
        windows = {
            name: {
                patch.tobytes()
                for row in np.lib.stride_tricks.sliding_window_view(
                    textures.region(name, split), (PATCH_PX, PATCH_PX)
                )
                for patch in row
            }
            for name in textures.CLASSES
        }
        for tile, wanted in zip(tiles[:40], labels[:40], strict=True):
            quarters = tile.reshape(2, PATCH_PX, 2, PATCH_PX).swapaxes(1, 2).reshape(4, -1)
            found = [any(q.tobytes() in windows[n] for q in quarters) for n in textures.CLASSES]
            assert found == wanted.astype(bool).tolist()
            assert all(any(q.tobytes() in windows[n] for n in windows) for q in quarters)
