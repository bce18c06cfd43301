"""Digits: 60, 20 and 20 % of each class, in [0, 1], each image in one split."""

from __future__ import annotations

import numpy as np

from workers.training.data.digits import load_digits


def test_splits_share_out_each_class() -> None:
    splits = load_digits()
    counts = {split: np.bincount(labels) for split, (_, labels) in splits.items()}
    whole = np.sum(list(counts.values()), axis=0)
    assert whole.sum() == 1797
    for split, share in (("train", 0.6), ("validation", 0.2), ("test", 0.2)):
        np.testing.assert_allclose(counts[split], share * whole, atol=1)


def test_images_are_those_of_scikit_learn_between_0_and_1() -> None:
    from sklearn import datasets

    images = np.concatenate([images for images, _ in load_digits().values()])
    assert images.dtype == np.float32
    assert (images.min(), images.max()) == (0.0, 1.0)
    expected = datasets.load_digits().images.astype(np.float32) / 16
    assert sorted(x.tobytes() for x in images) == sorted(x.tobytes() for x in expected)
