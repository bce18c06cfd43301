"""Splits of labels made here, and of the images that are split by name or by region."""

from __future__ import annotations

import numpy as np

from workers.training.data import photos, textures
from workers.training.data.splitting import stratified_split


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
