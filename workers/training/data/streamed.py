"""Samples that a plug-in's data set gives one at a time, when they are needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from service.extensions.entry_points import Plugin, PluginError, called
from workers.training.data.labelled import Rows
from workers.training.data.plugin_faults import Array, Info, samples_fault
from workers.training.data.prefetching import prefetched, sent


def is_streamed(samples: Any) -> bool:  # noqa: ANN401 - whatever a set gives
    """Whether samples are asked for by number: neither an array nor a list of them."""
    is_whole = isinstance(samples, np.ndarray | list | tuple | Tensor | str | bytes)
    return not is_whole and hasattr(samples, "__len__") and hasattr(samples, "__getitem__")


class StreamedSamples:
    """A split's samples, each checked against the set's info, and against its first read.

    Attributes:
        shapes: (N, 1 + n_dims).
    """

    def __init__(
        self,
        plugin: Plugin,
        split: str,
        samples: Any,  # noqa: ANN401 - see Args
        info: Info,
        *,
        is_uniform: bool = True,
    ) -> None:
        """Ask for the first sample, or for all where they may differ in size.

        Args:
            plugin: The set's.
            split: Its name.
            samples: An object with `__len__` and `__getitem__`.
            info: The set's info.
            is_uniform: Whether all must have the first one's size.

        Raises:
            PluginError: There is no sample, the set fails, or a sample contradicts its info.
        """
        self._plugin, self._split, self._samples, self._info = plugin, split, samples, info
        self._n = int(called(plugin, f"counting samples, {split}", len, samples))
        if self._n == 0:
            raise self._fault("there are no samples")
        first = self._read(0)
        self.dtype = first.dtype
        self.shapes = np.broadcast_to(np.array(first.shape), (self._n, first.ndim))
        if not is_uniform:
            self.shapes = np.array([self._read(index).shape for index in range(self._n)])

    def __len__(self) -> int:
        """Return the number of samples."""
        return self._n

    def __getitem__(self, index: int) -> Array:
        """Return sample `index`, (C, *sides).

        Raises:
            PluginError: The set fails, or the sample is not what it was, or not like the first.
        """
        found, wanted = self._read(index), tuple(self.shapes[index].tolist())
        if found.shape != wanted or found.dtype != self.dtype:
            given = f"{found.shape} and {found.dtype}"
            raise self._fault(f"sample {index} is {given}, not {wanted} and {self.dtype}")
        return found

    def _read(self, index: int) -> Array:
        what = f"giving sample {index}, {self._split}"
        found: Array = called(self._plugin, what, self._asked, index)
        fault = samples_fault([found], self._info, first=index)
        if fault is not None:
            raise self._fault(fault)
        return found

    def _asked(self, index: int) -> Array:
        # A copy: a set may give each sample in the same memory.
        return np.array(self._samples[index])

    def _fault(self, reason: str) -> PluginError:
        return PluginError(
            f"{self._plugin.name} of {self._plugin.package}, {self._split}: {reason}"
        )


class StreamedRows(Rows):
    """Samples that a thread asks for ahead of the training."""

    def __init__(self, samples: StreamedSamples, device: torch.device) -> None:
        """Take a split's samples; batches go to the device."""
        self._samples, self._device = samples, device

    def batches(self, order: Tensor, batch_size: int) -> Iterator[Tensor]:
        """Yield the samples in `order`."""
        yield from prefetched(self._read(order, batch_size))

    def _read(self, order: Tensor, batch_size: int) -> Iterator[Tensor]:
        for chosen in torch.split(order, batch_size):
            values = np.stack([self._samples[index] for index in chosen.tolist()])
            yield sent(torch.from_numpy(values), self._device)
