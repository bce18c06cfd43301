"""Samples that a package gives one by one: copied, and held to the first read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from densearch.plugins.data_info import DataInfo
from service.extensions.entry_points import Plugin, PluginError
from workers.training.data.streamed import StreamedRows, StreamedSamples, is_streamed

INFO = DataInfo(n_dims=1, n_channels=2, size_px=4, n_outputs=3, n_training=5)


class Given:
    """Gives samples in one place, which the next one overwrites."""

    def __init__(self, change: Callable[[int], NDArray[Any] | None] = lambda _: None) -> None:
        self.change, self.place = change, np.zeros((2, 4), np.float32)

    def __len__(self) -> int:
        return 5

    def __getitem__(self, index: int) -> NDArray[Any]:
        found = self.change(index)
        if found is not None:
            return found
        self.place[:] = index
        return self.place


def streamed(given: object, plugin: Plugin, **settings: Any) -> StreamedSamples:
    return StreamedSamples(plugin, "train", given, INFO, **settings)


@pytest.fixture
def plugin() -> Plugin:
    return Plugin("densearch.datasets", "waves", "own-waves 1.0")


def test_samples_are_copies_in_any_order(plugin: Plugin) -> None:
    samples = streamed(Given(), plugin)
    assert len(samples) == 5
    assert samples.shapes.tolist() == [[2, 4]] * 5
    assert [float(samples[index].max()) for index in (3, 0, 4)] == [3.0, 0.0, 4.0]
    assert samples[1].tobytes() != samples[2].tobytes()
    batches = list(StreamedRows(samples, torch.device("cpu")).batches(torch.tensor([4, 1, 2]), 2))
    assert [batch[:, 0, 0].tolist() for batch in batches] == [[4.0, 1.0], [2.0]]


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (np.full((2, 4), np.nan, np.float32), "array 3 has values that are not finite"),
        (np.zeros((2, 4), np.float64), "array 3 is of float64"),
        (np.zeros((3, 4), np.float32), r"sample 3 has the shape \(3, 4\)"),
        (np.zeros((2, 5), np.float32), r"sample 3 is \(2, 5\) and float32, not \(2, 4\)"),
        (np.zeros((2, 4), np.uint8), r"sample 3 is \(2, 4\) and uint8, not .* float32"),
    ],
)
def test_a_sample_that_is_not_like_the_first_is_named(
    part: NDArray[Any], reason: str, plugin: Plugin
) -> None:
    samples = streamed(Given(lambda index: part if index == 3 else None), plugin)
    with pytest.raises(PluginError, match=f"waves of own-waves 1.0, train: {reason}"):
        samples[3]


def test_samples_of_several_sizes_are_all_read_for_their_shapes(plugin: Plugin) -> None:
    given = Given(lambda index: np.zeros((2, 4 + index), np.float32))
    samples = streamed(given, plugin, is_uniform=False)
    assert samples.shapes[:, 1].tolist() == [4, 5, 6, 7, 8]
    assert samples[4].shape == (2, 8)


def test_a_set_that_fails_or_is_empty_is_named(plugin: Plugin) -> None:
    def fails(_: int) -> NDArray[Any]:
        raise OSError("the disk is gone")

    with pytest.raises(PluginError, match=r"giving sample 0, train: OSError: the disk is gone"):
        streamed(Given(fails), plugin)
    empty = type("Empty", (Given,), {"__len__": lambda _: 0})()
    with pytest.raises(PluginError, match="train: there are no samples"):
        streamed(empty, plugin)


@pytest.mark.parametrize(
    ("samples", "is_so"),
    [
        (Given(), True),
        (np.zeros((2, 2)), False),
        ([1, 2], False),
        (torch.zeros(2), False),
        (3, False),
    ],
)
def test_what_is_asked_by_number_is_streamed(samples: object, is_so: bool) -> None:
    assert is_streamed(samples) is is_so
