"""Scaling of a data set's values to a network's inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

# Statistics of a split are computed from evenly spaced samples of at most this many values: a set
# need not fit in memory, and every worker reads the samples before its first training.
MOST_VALUES = 2**26
# In float64 a sample's channels are summed in pieces of so many: an image of 80 million pixels
# would take ten times its size otherwise.
PIECE = 2**20
BYTE_MAX = 255


class Numbered(Protocol):
    """Samples by number."""

    @property
    def shapes(self) -> NDArray[np.int64]:
        """(N, 1 + n_dims), known without reading the samples."""
        ...

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> NDArray[Any]: ...


# What makes of stored numbers, (B, C, *sides), those that a network sees or is judged by.
Scale = Callable[[Tensor], Tensor]
Array = NDArray[np.uint8] | NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Scaling:
    """(values - low) / span, in float32.

    Attributes:
        low: Becomes 0; (C,) + (1,) * n_dims, or a scalar.
        span: What becomes 1; likewise, above 0.
    """

    low: Tensor
    span: Tensor

    def __call__(self, values: Tensor) -> Tensor:
        """Return values of shape (B, C, *sides) scaled, whatever their type."""
        return (values.float() - self.low) / self.span


@dataclass(frozen=True, eq=False)
class Figures:
    """Statistics of a split's samples; float64.

    Attributes:
        mean: Mean of each channel, (C,).
        deviation: Standard deviation of each channel, (C,); 1 for a constant channel.
        least: Smallest of all values.
        greatest: Largest of all values.
    """

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    least: float
    greatest: float


def figures(samples: Numbered, rows: NDArray[np.intp]) -> Figures:
    """Return the figures of some samples, rows (N,), N >= 1."""
    n, sums, squares = 0, 0.0, 0.0
    least, greatest = np.inf, -np.inf
    # Around a value of about their size, or the squares would lose all digits of the deviation.
    origin = samples[int(rows[0])].reshape(len(samples[int(rows[0])]), -1).mean(axis=1)[:, None]
    for values in _evenly(samples, rows):
        least, greatest = min(least, float(values.min())), max(greatest, float(values.max()))
        whole = values.reshape(len(values), -1)
        for first in range(0, whole.shape[1], PIECE):
            flat = whole[:, first : first + PIECE].astype(np.float64) - origin
            n, sums, squares = n + flat.shape[1], sums + flat.sum(1), squares + (flat**2).sum(1)
    offset = sums / n
    deviation = np.sqrt(np.maximum(squares / n - offset**2, 0.0))
    mean = offset + origin[:, 0]
    changes = deviation > np.finfo(np.float32).tiny
    return Figures(mean, np.where(changes, deviation, 1.0), least, greatest)


def _evenly(samples: Numbered, rows: NDArray[np.intp]) -> Iterator[NDArray[Any]]:
    sizes = samples.shapes[rows].prod(axis=1)
    n = max(1, min(len(rows), int(MOST_VALUES / sizes.mean())))
    for index in np.linspace(0, len(rows) - 1, n).round().astype(int):
        yield samples[int(rows[index])]


def standardisation(found: Figures, n_dims: int, device: torch.device) -> Scaling:
    """Bring each channel to about zero mean and unit variance."""
    return Scaling(
        *(
            _channelwise(of_channels, n_dims, device)
            for of_channels in (found.mean, found.deviation)
        )
    )


def unit_range(least: float, greatest: float, device: torch.device) -> Scaling:
    """Bring the least value to 0 and the greatest to 1; where they are equal, all to 0."""
    span = greatest - least or 1.0
    return Scaling(*(torch.tensor(float(x), device=device) for x in (least, span)))


def _channelwise(values: NDArray[np.float64], n_dims: int, device: torch.device) -> Tensor:
    """Return values of channels, (C,), as a float32 tensor of shape (C,) + (1,) * n_dims."""
    return torch.from_numpy(values.astype(np.float32)).view(-1, *(1,) * n_dims).to(device)
