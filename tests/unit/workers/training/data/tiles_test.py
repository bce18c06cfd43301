"""Tiles: cores share out a sample, windows surround them on a grid that networks share."""

from __future__ import annotations

import numpy as np
import pytest

from workers.training.data.patches import CROP_PX
from workers.training.data.tiles import CONTEXT_PX, MOST_PX, Tile, n_at_once, tiles_of, whole

SIDES = [
    (5,), (16_384,), (16_385,), (100_000,), (384, 384), (385, 384), (300, 491), (40, 3687),
    (1000, 77), (80, 80, 80), (82, 80, 80), (30, 200, 170),
]  # fmt: skip


@pytest.mark.parametrize("sides", SIDES)
def test_cores_share_out_a_sample(sides: tuple[int, ...]) -> None:
    counts = np.zeros(sides, dtype=np.int8)
    for tile in tiles_of(sides):
        counts[tile.core] += 1
    assert (counts == 1).all()


@pytest.mark.parametrize("sides", SIDES)
def test_windows_hold_the_context_of_their_cores_and_are_of_bounded_size(
    sides: tuple[int, ...],
) -> None:
    n_dims = len(sides)
    for tile in tiles_of(sides):
        assert np.prod(tile.window_sides) <= MOST_PX[n_dims]
        for window, core, side in zip(tile.window, tile.core, sides, strict=True):
            assert window.start in {0, core.start - CONTEXT_PX[n_dims]}
            assert window.stop in {side, core.stop + CONTEXT_PX[n_dims]}
            # Networks of up to 5 halvings of images see the grid of the whole sample.
            assert window.start % (64 if n_dims < 3 else 16) == 0


def test_a_small_sample_is_one_tile_and_shares_a_pass_with_others() -> None:
    assert tiles_of((300, 400)) == [whole((300, 400))]
    # As many as `service.costs.memory` counts.
    assert [n_at_once((side,) * n_dims) for n_dims, side in CROP_PX.items()] == [16] * 3
    assert n_at_once((384, 384)) == n_at_once((10_000, 10_000)) == 1


def test_pixels_near_the_edge_of_a_sample_can_be_left_out() -> None:
    tile = Tile((500, 20), (slice(192, 500), slice(0, 20)), (slice(256, 500), slice(0, 20)))
    assert tile.inner(3) == (slice(256, 497), slice(3, 17))
    assert tile.around((slice(256, 497), slice(3, 17)), 5) == (slice(251, 500), slice(0, 20))
    at_the_end = Tile((500, 20), (slice(400, 500), slice(0, 20)), (slice(498, 500), slice(0, 20)))
    assert at_the_end.inner(3) is None
