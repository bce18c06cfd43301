"""MNIST and what resembles it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.datasets import bad, making
from tests.support.datasets.importing import Case, Import, Refuses

X = making.pixels(0, (20, 8, 8))
Y = np.arange(20) % 2


@pytest.mark.parametrize("is_gzipped", [False, True])
def test_mnist(imported: Import, is_gzipped: bool) -> None:
    found, stored = imported(making.zipped(making.mnist_files(40, is_gzipped=is_gzipped)))
    assert (found.format, stored.kind) == ("idx", "labelled")
    # "t10k" sorts before "train".
    np.testing.assert_array_equal(stored.sample(5)[0], making.pixels(1, (20, 9, 7))[5])
    assert len(stored.rows("test")) == 20
    assert len(stored.rows("validation")) == 8


CASES: dict[str, Case] = {
    "mnist without labels": (
        lambda: bad.mnist(train_labels_idx1_ubyte=None),
        "train-images-idx3-ubyte",
        "labels",
    ),
    "mnist longer than its head": (
        lambda: bad.mnist(train_images_idx3_ubyte=making.idx_images(X) + b"x"),
        "train-images-idx3-ubyte",
        "longer than its head",
    ),
    "mnist with labels too many": (
        lambda: bad.mnist(
            train_labels_idx1_ubyte=making.idx_labels(np.zeros(20, np.uint8)) + b"x"
        ),
        "train-labels-idx1-ubyte",
        "longer than its head",
    ),
    "mnist cut off": (
        lambda: bad.mnist(train_images_idx3_ubyte=making.idx_images(X)[:-1]),
        "train-images-idx3-ubyte",
        "too early",
    ),
    "mnist with labels too few": (
        lambda: bad.mnist(train_labels_idx1_ubyte=making.idx_labels(Y[:3].astype(np.uint8))),
        "train-images-idx3-ubyte",
        "20 images and 3 labels",
    ),
    "mnist that is none": (
        lambda: bad.mnist(train_labels_idx1_ubyte=b"\0\0\x0d\1" + b"\0" * 40),
        "train-labels-idx1-ubyte",
        "no idx file",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_file_that_is_not_what_its_head_says_is_refused(refuses: Refuses, case: str) -> None:
    refuses(*CASES[case])
