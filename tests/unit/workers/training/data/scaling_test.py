"""Figures of arrays made here, against NumPy's over all values at once."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from service.datasets.store.reader import Samples
from workers.training.data import scaling
from workers.training.data.scaling import figures, standardisation, unit_range

CPU = torch.device("cpu")


def samples(arrays: list[NDArray[Any]]) -> Samples:
    shapes = np.array([array.shape for array in arrays])
    starts = np.concatenate([[0], np.cumsum(shapes.prod(axis=1))])
    return Samples(np.concatenate([array.ravel() for array in arrays]), shapes, starts)


def test_figures_are_those_of_all_values_of_the_rows() -> None:
    random = np.random.default_rng(0)
    # Far from 0, where a sum of squares in float32 would lose the deviation.
    arrays = [
        (1e4 + random.standard_normal((2, *sides))).astype(np.float32)
        for sides in [(5, 7), (9, 4), (30, 3), (2, 2)]
    ]
    found = figures(samples(arrays), np.array([0, 1, 2]))
    flat = np.concatenate([a.reshape(2, -1) for a in arrays[:3]], axis=1).astype(np.float64)
    np.testing.assert_allclose(found.mean, flat.mean(axis=1), rtol=1e-9)
    np.testing.assert_allclose(found.deviation, flat.std(axis=1), rtol=1e-6)
    assert (found.least, found.greatest) == (flat.min(), flat.max())


def test_bytes_do_not_overflow() -> None:
    array = np.full((1, 10, 10), 255, np.uint8)
    array[0, 0, 0] = 254
    found = figures(samples([array, array]), np.arange(2))
    assert found.mean[0] == pytest.approx(254.99)
    assert found.deviation[0] == pytest.approx(np.sqrt(0.01 * 0.99), rel=1e-6)


def test_a_channel_that_never_changes_is_brought_to_0() -> None:
    arrays = [np.full((1, 3), 5.0, np.float32)] * 2
    scale = standardisation(figures(samples(arrays), np.arange(2)), 1, CPU)
    assert torch.equal(scale(torch.full((2, 1, 3), 5.0)), torch.zeros(2, 1, 3))
    assert torch.equal(unit_range(5.0, 5.0, CPU)(torch.full((1, 1, 3), 5.0)), torch.zeros(1, 1, 3))


def test_deviations_below_what_float32_holds_make_no_nan() -> None:
    arrays = [np.array([[0, 1e-45]], np.float32)] * 2
    scale = standardisation(figures(samples(arrays), np.arange(2)), 1, CPU)
    assert bool(torch.isfinite(scale(torch.from_numpy(arrays[0])[None])).all())


def test_figures_of_a_large_split_come_from_evenly_spaced_samples(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scaling, "MOST_VALUES", 30)
    arrays = [np.full((1, 10), float(k), np.float32) for k in range(101)]
    found = figures(samples(arrays), np.arange(101))
    assert (found.least, found.greatest, found.mean[0]) == (0.0, 100.0, 50.0)


def test_figures_of_a_large_sample_are_summed_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten times its values need not fit in memory: it may be an image of 80 million pixels."""
    arrays = [np.random.default_rng(0).integers(0, 255, (3, 400, 400), np.uint8)]
    monkeypatch.setattr(scaling, "PIECE", 1000)
    tracemalloc.start()
    found = figures(samples(arrays), np.arange(1))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * arrays[0].nbytes
    values = arrays[0].reshape(3, -1).astype(np.float64)
    np.testing.assert_allclose(found.mean, values.mean(axis=1), rtol=1e-12)
    np.testing.assert_allclose(found.deviation, values.std(axis=1), rtol=1e-12)
