"""Arrays of signals, images and volumes, with labels, targets and splits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.datasets import load_digits

from tests.support.datasets import making
from tests.support.datasets.importing import Case, Import, Refuses

X = making.pixels(0, (20, 8, 8))
Y = np.arange(20) % 2


def test_digits_as_npz_have_the_shares_of_the_built_in_set(imported: Import) -> None:
    bunch = load_digits()
    images = bunch.images.astype(np.uint8)
    found, stored = imported(making.npz(inputs=images, labels=bunch.target))
    assert (found.format, stored.kind) == ("npz", "labelled")
    np.testing.assert_array_equal(stored.sample(700)[0], images[700])
    assert abs(found.manifest["counts"]["train"] - 1078) <= 5
    assert found.class_counts is not None
    assert np.array(found.class_counts["test"]).min() >= 34


@pytest.mark.parametrize(
    ("shape", "n_dims", "sample", "expected_dims"),
    [
        ((20, 50), None, (1, 50), 1),
        ((20, 3, 50), 1, (3, 50), 1),
        ((20, 9, 8), None, (1, 9, 8), 2),
        ((20, 2, 9, 8), None, (2, 9, 8), 2),
        ((20, 6, 9, 8), 3, (1, 6, 9, 8), 3),
        ((20, 2, 6, 9, 8), None, (2, 6, 9, 8), 3),
    ],
)
def test_npz_of_signals_images_and_volumes(
    imported: Import,
    shape: tuple[int, ...],
    n_dims: int | None,
    sample: tuple[int, ...],
    expected_dims: int,
) -> None:
    values = np.random.default_rng(0).normal(size=shape)
    _, stored = imported(making.npz(x=values), n_dims=n_dims)
    assert stored.kind == "unlabelled"
    assert stored.manifest["n_dims"] == expected_dims
    assert stored.sample(4).shape == sample
    np.testing.assert_array_equal(stored.sample(4), values[4].astype(np.float32).reshape(sample))


def test_npz_with_labels_of_many_kinds_at_once(imported: Import) -> None:
    labels = np.random.default_rng(0).integers(0, 2, (30, 3))
    values = making.pixels(0, (30, 8, 8))
    found, stored = imported(making.npz(x=values, y=labels, classes=["red", "round", "wet"]))
    assert stored.kind == "multilabel"
    assert stored.labels is not None
    np.testing.assert_array_equal(stored.labels, labels)
    assert found.class_counts is not None
    totals = np.array(list(found.class_counts.values())).sum(axis=0)
    np.testing.assert_array_equal(totals, labels.sum(axis=0))


@pytest.mark.parametrize("kind", [str, str.encode])
def test_npz_with_targets_and_splits(imported: Import, kind: Callable[[str], object]) -> None:
    values = making.pixels(0, (10, 8, 8))
    splits = [kind("train")] * 6 + [kind("test")] * 2 + [kind("validation")] * 2
    _, stored = imported(making.npz(x=values, targets=255 - values, splits=splits))
    assert stored.rows("test").tolist() == [6, 7]
    np.testing.assert_array_equal(stored.target(3)[0], 255 - values[3])


CASES: dict[str, Case] = {
    "structures": (
        lambda: making.npz(x=np.zeros(20, [("a", "f4"), ("b", "i4")])),
        "inputs",
        "give numbers",
    ),
    "complex numbers": (lambda: making.npz(x=np.ones((20, 9), complex)), "inputs", "complex128"),
    "dates": (lambda: making.npz(x=np.zeros((20, 9), "M8[s]")), "inputs", "datetime64"),
    "one number": (lambda: making.npz(x=np.float32(3)), "inputs", "samples come first"),
    "labels of fractions": (lambda: making.npz(x=X, y=Y / 2), "labels", "a whole number"),
    "labels without end": (
        lambda: making.npz(x=X, y=np.zeros((20, 10_001), bool)),
        "labels",
        "10,001 labels",
    ),
    "npz without inputs": (lambda: making.npz(labels=Y), "inputs", "missing"),
    "unknown array": (lambda: making.npz(x=X, y=Y, z=Y), "z", "unknown"),
    "labels too few": (lambda: making.npz(x=X, y=Y[:-1]), "labels", "19 rows"),
    "labels below 0": (lambda: making.npz(x=X, y=Y - 1), "labels", "-1 is out of range"),
    "labels above": (
        lambda: making.npz(x=X, y=Y * 2, classes=["a", "b"]),
        "labels",
        "2 is out of range",
    ),
    "labels with a gap": (lambda: making.npz(x=X, y=Y * 5), "labels", "only 2 of the classes"),
    "labels of complex numbers": (lambda: making.npz(x=X, y=Y * 1j), "labels", "give numbers"),
    "labels beyond 1": (lambda: making.npz(x=X, y=np.full((20, 3), 2)), "labels", "0 and 1"),
    "NaN": (
        lambda: making.npz(x=np.where(np.arange(20)[:, None] == 7, np.nan, np.ones((20, 9)))),
        "inputs[7]",
        "NaN",
    ),
    "too large for float32": (lambda: making.npz(x=np.full((20, 9), 1e300)), "inputs[0]", "infin"),
    "channels last": (lambda: making.npz(x=np.zeros((20, 8, 8, 3))), "inputs", "moveaxis"),
    "six axes": (lambda: making.npz(x=np.zeros((4,) * 6)), "inputs", "shape"),
    "targets and labels": (lambda: making.npz(x=X, y=Y, targets=X), "targets", "either"),
    "targets too few": (lambda: making.npz(x=X, targets=X[:5]), "targets", "5 rows"),
    "unknown split": (lambda: making.npz(x=X, splits=["val?"] * 20), "splits", "is none of train"),
}


@pytest.mark.parametrize("case", CASES)
def test_arrays_that_do_not_fit_are_refused(refuses: Refuses, case: str) -> None:
    refuses(*CASES[case])
