"""Collages: each mask names the texture of its pixels."""

from __future__ import annotations

import numpy as np

from workers.training.data import collages, textures


def test_collages_show_the_texture_that_the_mask_names() -> None:
    loaded = collages.load_collages()
    for split, (images, masks) in loaded.items():
        assert len(images) == len(masks) == collages.N_COLLAGES[split]
        assert set(np.unique(masks)) == {0, 1, 2}
        # Neighbours along a row that have one class are neighbours in that texture's region.
        pairs = [
            {
                row[i : i + 2].tobytes()
                for row in textures.region(name, split)
                for i in range(row.size - 1)
            }
            for name in textures.CLASSES
        ]
        for image, mask in zip(images[:2], masks[:2], strict=True):
            rows, columns = np.nonzero(mask[0, :, :-1] == mask[0, :, 1:])
            assert all(
                image[0, r, c : c + 2].tobytes() in pairs[mask[0, r, c]]
                for r, c in zip(rows[::97], columns[::97], strict=True)
            )
