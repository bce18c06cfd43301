"""Splits and patches on data made here."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from workers.training.data import photos, textures
from workers.training.data.digits import stratified_split
from workers.training.streams import generator

CPU = torch.device("cpu")


def test_a_stratified_split_takes_every_row_once_and_the_same_shares_of_each_class() -> None:
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(4), [100, 50, 20, 10]))
    split = stratified_split(labels, seed=3)
    together = np.concatenate(list(split.values()))
    assert sorted(together) == list(range(180))
    assert np.bincount(labels[split["train"]]).tolist() == [60, 30, 12, 6]
    assert np.bincount(labels[split["validation"]]).tolist() == [20, 10, 4, 2]
    assert np.bincount(labels[split["test"]]).tolist() == [20, 10, 4, 2]
    again = stratified_split(labels, seed=3)
    other = stratified_split(labels, seed=4)
    assert np.array_equal(split["train"], again["train"])
    assert not np.array_equal(split["train"], other["train"])


def test_no_photograph_is_in_two_splits() -> None:
    names = [name for split in photos.SPLITS.values() for name in split]
    assert len(names) == len(set(names))
    assert set(photos.SPLITS) == {"train", "validation", "test"}


def test_texture_bands_share_no_row() -> None:
    rows = [set(range(top, bottom)) for top, bottom, _ in textures.BANDS.values()]
    assert sum(map(len, rows)) == len(set.union(*rows)) == 512


def test_patches_are_windows_of_their_images_and_reach_every_corner() -> None:
    # Every pixel's value names its image, row and column, so a window can be checked exactly.
    shapes = [(9, 12), (7, 6)]
    images = [
        (1e4 * k + 100 * np.arange(h)[:, None] + np.arange(w)).astype(np.float32)
        for k, (h, w) in enumerate(shapes)
    ]
    source = photos.PatchSource(images, 5, CPU)
    corners = set()
    sizes = []
    for batch in source.batches(1000, 64, generator(0)):
        sizes.append(len(batch))
        for patch in batch[:, 0].numpy():
            first = int(patch[0, 0])
            k, row, column = first // 10_000, first % 10_000 // 100, first % 100
            assert np.array_equal(patch, images[k][row : row + 5, column : column + 5])
            corners.add((k, row, column))
    assert sizes == [64] * 15 + [40]
    expected = {
        (k, r, c) for k, (h, w) in enumerate(shapes) for r in range(h - 4) for c in range(w - 4)
    }
    assert corners == expected


@pytest.mark.parametrize("seed", [0, 2**53, 2**64 - 1])
def test_patches_follow_the_order_stream(seed: int) -> None:
    source = photos.PatchSource([np.arange(400, dtype=np.float32).reshape(20, 20)], 4, CPU)
    first, second = (torch.cat(list(source.batches(30, 8, generator(seed)))) for _ in range(2))
    assert torch.equal(first, second)
