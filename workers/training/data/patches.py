"""Patches of samples of any sizes, from random places; of pairs, the same place of both."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from service.datasets.stored import Samples
from workers.training.data.prefetching import prefetched
from workers.training.data.scaling import Scale
from workers.training.streams import generator

Patches = tuple[Tensor, ...]

# The judged crops of a set that has no places of its own for them: how many, their side by the
# number of axes, and the seed of their places, which belongs to the data and to no trial.
N_CROPS = 64
CROP_PX = {1: 1024, 2: 96, 3: 32}
_CROP_SEED = 20250526


class Images(ABC):
    """Samples of any sizes.

    Attributes:
        sides: (N, n_dims), int64, on the CPU.
        device: Where patches go.
        is_held: Whether they lie there, or in a file.
    """

    sides: Tensor
    device: torch.device
    is_held: bool

    @abstractmethod
    def cut(self, image: Tensor, corner: Tensor, size_px: int) -> Tensor:
        """Return cubes of `size_px` as they are stored, (B, C) + (size_px,) * n_dims.

        Args:
            image: (B,), numbers of samples; on the CPU.
            corner: (B, n_dims), each cube's first place; on the CPU.
            size_px: The cubes' side.
        """


class HeldImages(Images):
    """Samples that lie on the device, one after another in one flat tensor.

    A batch is a single gather, and memory does not grow with the number of patches.
    """

    is_held = True

    def __init__(self, images: Sequence[NDArray[Any]], device: torch.device) -> None:
        """Take arrays of shape (C, *sides)."""
        sizes = np.array([image.size for image in images])
        self._values = torch.from_numpy(np.concatenate([image.ravel() for image in images])).to(
            device
        )
        self._starts = torch.from_numpy(np.concatenate([[0], np.cumsum(sizes)[:-1]]))
        self._channels = torch.arange(len(images[0]), device=device)
        self.sides = torch.tensor([image.shape[1:] for image in images])
        self.device = device

    def cut(self, image: Tensor, corner: Tensor, size_px: int) -> Tensor:
        """Return cubes of `size_px`, on the device."""
        sides = self.sides[image]
        # How far apart neighbours lie along the channels and each axis.
        strides = torch.cat([sides, torch.ones_like(sides[:, :1])], dim=1)
        strides = strides.flip(1).cumprod(1).flip(1)
        first = self._starts[image] + (corner * strides[:, 1:]).sum(1)
        places, strides = first.to(self.device), strides.to(self.device)
        steps = torch.arange(size_px, device=self.device)
        for axis in range(strides.shape[1]):
            along = steps if axis else self._channels
            stride = strides[:, axis].view(-1, *(1,) * (axis + 1))
            places = places[..., None] + along * stride
        return self._values[places]


class MappedImages(Images):
    """Samples that stay in their file."""

    is_held = False

    def __init__(self, samples: Samples, rows: NDArray[Any], device: torch.device) -> None:
        """Take some samples of a stored set, by their numbers `rows`, (N,)."""
        self._samples = samples
        self._rows = rows
        self.sides = torch.from_numpy(samples.shapes[rows, 1:])
        self.device = device

    def cut(self, image: Tensor, corner: Tensor, size_px: int) -> Tensor:
        """Return cubes of `size_px`, on the CPU."""
        cubes = []
        for number, start in zip(image.tolist(), corner.tolist(), strict=True):
            window = tuple(slice(first, first + size_px) for first in start)
            cubes.append(self._samples[int(self._rows[number])][:, *window])
        return torch.from_numpy(np.stack(cubes))


class PatchSource:
    """Patches of a split's samples, or of its inputs and targets together."""

    def __init__(self, images: Sequence[Images], scales: Sequence[Scale]) -> None:
        """Take the inputs alone, or inputs and targets of the same sides; and their scales."""
        self._images = images
        self._scales = scales
        self._sides = images[0].sides

    @property
    def least_px(self) -> int:
        """The smallest side of the smallest sample."""
        return int(self._sides.min())

    def batches(
        self, n_patches: int, batch_size: int, size_px: int, order: torch.Generator
    ) -> Iterator[Patches]:
        """Yield batches of cubes, each (B, C) + (size_px,) * n_dims; the last may be smaller.

        Every sample is equally likely, whatever its size; within it every place is.
        """
        drawn = self._cuts(n_patches, batch_size, size_px, order)
        is_held = all(images.is_held for images in self._images)
        for cubes in drawn if is_held else prefetched(drawn):
            yield self._scaled(cubes)

    def crops(self) -> Patches:
        """Return fixed crops, (B, C, *sides): at most `N_CROPS` samples, evenly spaced.

        As large as `CROP_PX` and the smallest sample allow. Of fewer samples, several crops each
        (of some one more than of others), unless one holds the whole.
        """
        n_samples, n_dims = self._sides.shape
        chosen = torch.linspace(0, n_samples - 1, min(n_samples, N_CROPS)).round().long()
        size_px = min(CROP_PX[n_dims], int(self._sides[chosen].min()))
        if bool((self._sides[chosen] > size_px).any()):
            chosen = chosen[torch.arange(N_CROPS) * len(chosen) // N_CROPS]
        corner = self._corners(chosen, size_px, generator(_CROP_SEED))
        return self._scaled(self._cut(chosen, corner, size_px))

    def _cuts(
        self, n_patches: int, batch_size: int, size_px: int, order: torch.Generator
    ) -> Iterator[Patches]:
        for start in range(0, n_patches, batch_size):
            n = min(batch_size, n_patches - start)
            image = torch.randint(len(self._sides), (n,), generator=order)
            yield self._cut(image, self._corners(image, size_px, order), size_px)

    def _corners(self, image: Tensor, size_px: int, order: torch.Generator) -> Tensor:
        room = self._sides[image] - size_px + 1
        return (torch.rand(room.shape, generator=order, dtype=torch.float64) * room).long()

    def _cut(self, image: Tensor, corner: Tensor, size_px: int) -> Patches:
        return tuple(images.cut(image, corner, size_px) for images in self._images)

    def _scaled(self, cubes: Patches) -> Patches:
        parts = zip(self._images, self._scales, cubes, strict=True)
        return tuple(scale(values.to(images.device)) for images, scale, values in parts)
