"""Means over pixels: every pixel once, however an image is cut into tiles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from workers.training.data.tiles import Tile, whole
from workers.training.metrics import GAUSSIAN_SIMILARITY, SIMILARITY, SQUARED_ERROR, Measure
from workers.training.pixel_means import PixelMeans

CPU = torch.device("cpu")
MEASURES = (SQUARED_ERROR, SIMILARITY, GAUSSIAN_SIMILARITY)
SIDES = (40, 53)
ROWS = slice(0, SIDES[0])
# Windows hold more than the margins of all measures.
IN_TILES = [
    Tile(SIDES, (ROWS, slice(0, 42)), (ROWS, slice(0, 30))),
    Tile(SIDES, (ROWS, slice(18, 53)), (ROWS, slice(30, 51))),
    Tile(SIDES, (ROWS, slice(39, 53)), (ROWS, slice(51, 53))),  # within the border of one measure
]


def pairs() -> tuple[Tensor, Tensor]:
    random = np.random.default_rng(0)
    clean = random.random((2, 1, *SIDES), dtype=np.float32)
    noisy = clean + random.normal(0, 0.1, clean.shape).astype(np.float32)
    return torch.from_numpy(noisy), torch.from_numpy(clean)


def means(tiles: Sequence[Tile]) -> PixelMeans:
    found, (noisy, clean) = PixelMeans(2, CPU, MEASURES), pairs()
    for tile in tiles:
        window = (slice(None), slice(None), *tile.window)
        found.add(torch.arange(2), tile, noisy[window], clean[window])
    return found


def test_a_mean_is_that_of_an_image_of_its_own() -> None:
    noisy, clean = pairs()
    expected = (noisy.double() - clean.double()).square().mean(dim=(1, 2, 3))
    torch.testing.assert_close(means([whole(SIDES)]).of(SQUARED_ERROR), expected)


@pytest.mark.parametrize("measure", MEASURES, ids=["error", "similarity", "gaussian"])
def test_tiles_change_nothing(measure: Measure) -> None:
    at_once, in_tiles = (means(tiles).of(measure) for tiles in ([whole(SIDES)], IN_TILES))
    torch.testing.assert_close(in_tiles, at_once, rtol=1e-6, atol=0.0)


def test_images_may_come_in_any_order_and_one_by_one() -> None:
    noisy, clean = pairs()
    found = PixelMeans(2, CPU, MEASURES)
    for number in (1, 0):
        rows = slice(number, number + 1)
        found.add(torch.tensor([number]), whole(SIDES), noisy[rows], clean[rows])
    for measure in MEASURES:
        torch.testing.assert_close(found.of(measure), means([whole(SIDES)]).of(measure))
