"""Pairs of images come back side by side."""

from __future__ import annotations

import numpy as np

from tests.support.datasets import making
from tests.support.datasets.importing import Import


def test_pairs_by_equal_names(imported: Import) -> None:
    files = making.pair_files()
    files["target/3.bmp"] = making.image(53, (12, 10), "BMP")
    del files["target/3.png"]
    found, stored = imported(making.zipped(files))
    assert (found.format, stored.kind) == ("pairs", "pairs")
    assert (stored.manifest["n_channels"], stored.manifest["target_channels"]) == (3, 1)
    for index in range(8):
        np.testing.assert_array_equal(
            stored.target(index), making.pixels(50 + index, (12, 10))[None]
        )
