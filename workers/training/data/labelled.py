"""Labelled samples of one size, for classification."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from densearch.plugins.shape import InputShape
from service.datasets.store.reader import Samples
from workers.training.data.prefetching import prefetched, sent
from workers.training.data.scaling import Scaling


class Rows(ABC):
    """Samples of one size, by index."""

    def in_epoch(self, order: torch.Generator, *, flips: bool) -> Rows:  # noqa: ARG002 - as all
        """Return the samples as one epoch of a training uses them.

        Args:
            order: The generator of all draws for the epoch.
            flips: Whether samples with random boxes are mirrored with probability 1/2.
        """
        return self

    @abstractmethod
    def batches(self, order: Tensor, batch_size: int) -> Iterator[Tensor]:
        """Yield the samples in `order`, (N,) on the CPU, as (B, C, *sides) on the device.

        Values are as stored, not scaled; the last batch may be smaller.
        """


class ChosenRows(Rows):
    """Some of other samples."""

    def __init__(self, rows: Rows, chosen: Tensor) -> None:
        """Take the others, and the indices (N,) of those that are chosen, on the CPU."""
        self._rows, self._chosen = rows, chosen

    def in_epoch(self, order: torch.Generator, *, flips: bool) -> Rows:
        """Return the chosen samples as one epoch of a training uses them."""
        return ChosenRows(self._rows.in_epoch(order, flips=flips), self._chosen)

    def batches(self, order: Tensor, batch_size: int) -> Iterator[Tensor]:
        """Yield the samples in `order`."""
        return self._rows.batches(self._chosen[order], batch_size)


class HeldRows(Rows):
    """Samples in the device's memory."""

    def __init__(self, values: Tensor) -> None:
        """Take the samples, (N, C, *sides), on their device."""
        self._values = values

    def batches(self, order: Tensor, batch_size: int) -> Iterator[Tensor]:
        """Yield the samples in `order`."""
        for rows in torch.split(order.to(self._values.device), batch_size):
            yield self._values[rows]


class MappedRows(Rows):
    """Samples in a memory-mapped file; a thread reads ahead."""

    def __init__(self, samples: Samples, rows: NDArray[Any], device: torch.device) -> None:
        """Take the samples `rows`, (N,), of a stored set; all have one size."""
        self._values = samples.values.reshape(len(samples), *samples.shapes[0])
        self._rows = rows
        self._device = device

    def batches(self, order: Tensor, batch_size: int) -> Iterator[Tensor]:
        """Yield the samples in `order`."""
        yield from prefetched(self._read(order, batch_size))

    def _read(self, order: Tensor, batch_size: int) -> Iterator[Tensor]:
        for chosen in torch.split(order, batch_size):
            values = torch.from_numpy(self._values[self._rows[chosen.numpy()]])
            yield sent(values, self._device)


@dataclass(frozen=True, eq=False)
class LabelledSplit:
    """One split.

    Attributes:
        samples: N of them.
        labels: On the device: (N,) int64 classes, or (N, n_labels) float32 of 0 and 1.
        scale: Scales stored values to a network's inputs.
        groups: (N,), int64 on the CPU: samples with the same number come from one source. None
            where each is a source of its own.
    """

    samples: Rows
    labels: Tensor
    scale: Scaling
    groups: Tensor | None = None

    def chosen(self, rows: Tensor) -> LabelledSplit:
        """Return the samples of these indices, (N,) on the CPU, scaled as all are."""
        return replace(
            self,
            samples=ChosenRows(self.samples, rows),
            labels=self.labels[rows.to(self.labels.device)],
            groups=None if self.groups is None else self.groups[rows],
        )

    def batches(self, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield every sample once for evaluation; the last batch may be smaller."""
        return self._batches(self.samples, torch.arange(len(self.labels)), batch_size)

    def epoch(
        self, batch_size: int, order: torch.Generator, *, flips: bool, first: int = 0
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield every sample once for training, in a random order.

        Args:
            batch_size: The last batch may be smaller.
            order: The generator; all draws happen before the first batch.
            flips: See `Rows.in_epoch`.
            first: Index of the first batch to yield.
        """
        rows = torch.randperm(len(self.labels), generator=order)
        samples = self.samples.in_epoch(order, flips=flips)
        return self._batches(samples, rows[first * batch_size :], batch_size)

    def _batches(
        self, samples: Rows, rows: Tensor, batch_size: int
    ) -> Iterator[tuple[Tensor, Tensor]]:
        if len(rows) == 0:
            return
        labels = torch.split(self.labels[rows.to(self.labels.device)], batch_size)
        for values, of_them in zip(samples.batches(rows, batch_size), labels, strict=True):
            yield self.scale(values), of_them


@dataclass(frozen=True, eq=False)
class LabelledDataset:
    """A whole set.

    Attributes:
        splits: "train", "validation" and "test".
        shape: Of one sample.
        n_outputs: Classes or labels.
        is_cropped: Whether random boxes of the samples are drawn in every epoch.
    """

    splits: Mapping[str, LabelledSplit]
    shape: InputShape
    n_outputs: int
    is_cropped: bool = False
