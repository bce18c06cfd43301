"""Samples one after another in one file: their values, their shapes, their digest, their limit."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from service.datasets.sources.entries import Limits
from service.datasets.store.flat_files import FlatFile
from service.errors import InvalidDatasetError
from tests.support.datasets import sources


def test_a_flat_file_is_an_array_of_all_values_and_one_of_shapes(tmp_path: Path) -> None:
    samples = sources.images()
    with FlatFile(tmp_path, "inputs", "shapes", Limits(10**6)) as file:
        for sample in samples:
            # A view whose values lie apart, too.
            file.append("x", np.asfortranarray(sample))
        shapes, digest = file.finish()
    flat = np.concatenate([sample.ravel() for sample in samples])
    np.testing.assert_array_equal(np.load(tmp_path / "inputs.npy"), flat)
    np.testing.assert_array_equal(np.load(tmp_path / "shapes.npy"), shapes)
    assert shapes.tolist() == [[3, *sides] for sides in sources.SIDES]
    assert digest == hashlib.sha256(flat.tobytes() + shapes.tobytes()).hexdigest()
    assert file.dtype == np.uint8


def test_the_sample_that_is_too_much_is_named(tmp_path: Path) -> None:
    with FlatFile(tmp_path, "inputs", "shapes", Limits(1)) as file:  # 16 bytes when stored
        file.append("a.png", np.zeros((1, 4, 4), np.uint8))
        with pytest.raises(InvalidDatasetError, match="more than 16 bytes: raise DENSEARCH_MAX_D"):
            file.append("b.png", np.zeros((1, 1, 1), np.uint8))


def test_a_file_without_samples_is_not_completed(tmp_path: Path) -> None:
    with (
        FlatFile(tmp_path, "inputs", "shapes", Limits(1)) as file,
        pytest.raises(ValueError, match="nothing was written"),
    ):
        file.finish()
