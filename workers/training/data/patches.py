"""Patches at random coordinates of samples of any size; of pairs, at the same coordinates."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workers.training.data.prefetching import prefetched, sent
from workers.training.data.scaling import Numbered, Scale
from workers.training.data.tiles import Tile, n_at_once, tiles_of
from workers.training.device_memory import total_bytes_of
from workers.training.generators import generator

Patches = tuple[Tensor, ...]

# Default evaluation crops of a set: their number, their side by the number of axes, and the seed
# of their coordinates, which belongs to the data and not to a trial.
N_CROPS = 64
CROP_PX = {1: 1024, 2: 96, 3: 32}
_CROP_SEED = 20250526
# Coordinates of this many patches, usually an epoch's, are drawn and moved to the device at once:
# 3 MB.
PLACES_AT_ONCE = 2**16


class Images(ABC):
    """Samples of any size.

    Attributes:
        sides: (N, n_dims), int64, on the CPU.
        device: Device of the patches.
        is_held: Whether the samples are in the device's memory rather than in a file.
    """

    sides: Tensor
    device: torch.device
    is_held: bool

    @abstractmethod
    def cut(self, image: Tensor, corner: Tensor, sides: Sequence[int]) -> Tensor:
        """Return boxes as they are stored, (B, C, *sides).

        Args:
            image: (B,), indices of samples; on the CPU.
            corner: (B, n_dims), each box's lowest coordinates; on the CPU.
            sides: The boxes' sides, (n_dims,).
        """

    def cuts(
        self, image: Tensor, corner: Tensor, sides: Sequence[int], batch_size: int
    ) -> Iterator[Tensor]:
        """Yield what `cut` returns of each batch of consecutive boxes; the last may be smaller."""
        batches = zip(torch.split(image, batch_size), torch.split(corner, batch_size), strict=True)
        for of_batch, corners in batches:
            yield self.cut(of_batch, corners, sides)


class HeldImages(Images):
    """Samples in the device's memory, concatenated in one flat tensor.

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

    def cut(self, image: Tensor, corner: Tensor, sides: Sequence[int]) -> Tensor:
        """Return boxes, on the device."""
        (boxes,) = self.cuts(image, corner, sides, len(image))
        return boxes

    def cuts(
        self, image: Tensor, corner: Tensor, sides: Sequence[int], batch_size: int
    ) -> Iterator[Tensor]:
        """Yield batches of boxes; the coordinates of all are moved to the device at once.

        A copy from the host's memory waits for the device, so one for each batch would keep the
        host from running ahead.
        """
        own = self.sides[image]
        # Strides of the flat tensor along the channels and each axis.
        strides = torch.cat([own, torch.ones_like(own[:, :1])], dim=1)
        strides = strides.flip(1).cumprod(1).flip(1)
        first = self._starts[image] + (corner * strides[:, 1:]).sum(1)
        lies = torch.cat([first[:, None], strides], dim=1).to(self.device)
        steps = [self._channels, *(torch.arange(side, device=self.device) for side in sides)]
        for of_batch in torch.split(lies, batch_size):
            yield self._gathered(of_batch, steps)

    def _gathered(self, lies: Tensor, steps: Sequence[Tensor]) -> Tensor:
        """Return boxes by their first flat index and their strides, (B, 1 + 1 + n_dims)."""
        indices, strides = lies[:, 0], lies[:, 1:]
        for axis, along in enumerate(steps):
            stride = strides[:, axis].view(-1, *(1,) * (axis + 1))
            indices = indices[..., None] + along * stride
        return self._values[indices]


class ChosenImages(Images):
    """Some of other samples."""

    def __init__(self, images: Images, chosen: Tensor) -> None:
        """Take the others, and the indices (N,) of those that are chosen, on the CPU."""
        self._images, self._chosen = images, chosen
        self.sides, self.device, self.is_held = images.sides[chosen], images.device, images.is_held

    def cut(self, image: Tensor, corner: Tensor, sides: Sequence[int]) -> Tensor:
        """Return boxes, on the device."""
        return self._images.cut(self._chosen[image], corner, sides)

    def cuts(
        self, image: Tensor, corner: Tensor, sides: Sequence[int], batch_size: int
    ) -> Iterator[Tensor]:
        """Yield batches of boxes, as the others do."""
        return self._images.cuts(self._chosen[image], corner, sides, batch_size)


class MappedImages(Images):
    """Samples that are read from a file, or from a plug-in's set, by index."""

    is_held = False

    def __init__(self, samples: Numbered, rows: NDArray[Any], device: torch.device) -> None:
        """Take the samples `rows`, (N,), of a set."""
        self._samples = samples
        self._rows = rows
        self.sides = torch.from_numpy(samples.shapes[rows, 1:])
        self.device = device

    def cut(self, image: Tensor, corner: Tensor, sides: Sequence[int]) -> Tensor:
        """Return boxes, on the device; the thread that reads ahead sends them there."""
        boxes = []
        for number, start in zip(image.tolist(), corner.tolist(), strict=True):
            window = (slice(at, at + side) for at, side in zip(start, sides, strict=True))
            boxes.append(self._samples[int(self._rows[number])][:, *window])
        return sent(torch.from_numpy(np.stack(boxes)), self.device)


class PatchSource:
    """Patches of a split's samples, or of its inputs and targets together."""

    def __init__(
        self, images: Sequence[Images], scales: Sequence[Scale], groups: Tensor | None = None
    ) -> None:
        """Take the inputs alone, or inputs and targets of the same sides; and their scales.

        Args:
            images: N samples each.
            scales: Of each of them.
            groups: See `workers.training.data.labelled.LabelledSplit`.
        """
        self.groups = groups
        self._images = images
        self._scales = scales
        self._sides = images[0].sides

    def __len__(self) -> int:
        """The number of samples."""
        return len(self._sides)

    def chosen(self, rows: Tensor) -> PatchSource:
        """Return the samples of these indices, (N,) on the CPU, scaled as all are."""
        groups = None if self.groups is None else self.groups[rows]
        images = [ChosenImages(own, rows) for own in self._images]
        return PatchSource(images, self._scales, groups)

    @property
    def least_px(self) -> int:
        """The smallest side of the smallest sample."""
        return int(self._sides.min())

    def batches(
        self, n_patches: int, batch_size: int, size_px: int, order: torch.Generator
    ) -> Iterator[Patches]:
        """Yield batches of cubes, each (B, C) + (size_px,) * n_dims; the last may be smaller.

        Every sample is equally likely, whatever its size, and so are all positions within it.
        """
        drawn = self._cuts(n_patches, batch_size, size_px, order)
        for cubes in drawn if self._is_held else prefetched(drawn):
            yield self._scaled(cubes)

    def crops(self) -> list[Patches]:
        """Return fixed crops of at most `N_CROPS` samples, evenly spaced.

        Each is as large as `CROP_PX` and its sample allow: a small sample does not reduce other
        crops. From fewer samples several crops each are taken (from some one more than from
        others), unless the samples are small enough to be taken whole.

        Returns:
            The crops grouped by size, (B, C, *sides).
        """
        n_samples, n_dims = self._sides.shape
        chosen = torch.linspace(0, n_samples - 1, min(n_samples, N_CROPS)).round().long()
        if bool((self._sides[chosen] > CROP_PX[n_dims]).any()):
            chosen = chosen[torch.arange(N_CROPS) * len(chosen) // N_CROPS]
        sides = self._sides[chosen].clamp(max=CROP_PX[n_dims])
        corner = self._corners(chosen, sides, generator(_CROP_SEED))
        return [
            self._scaled(self._cut(chosen[rows], corner[rows], of_one))
            for of_one, rows in _by_sides(sides)
        ]

    def tiles(self) -> Iterator[tuple[Tensor, Tile, Patches]]:
        """Yield every sample, whole or in tiles, grouped by size.

        Only a few windows are in memory at a time, whatever the size of the split.

        Yields:
            Indices of samples (B,), on the CPU; their tile; its windows, (B, C, *sides).
        """
        drawn = self._windows()
        for numbers, tile, boxes in drawn if self._is_held else prefetched(drawn):
            yield numbers, tile, self._scaled(boxes)

    def window_sides(self) -> list[tuple[int, ...]]:
        """Return the sizes of the windows of `tiles`, each once, in order."""
        sizes = [tuple(size) for size in torch.unique(self._sides, dim=0).tolist()]
        return sorted({tile.window_sides for sides in sizes for tile in tiles_of(sides)})

    def n_window_px(self) -> int:
        """Return the number of pixels of all windows of `tiles`, which measures the cost."""
        return sum(
            len(rows) * math.prod(tile.window_sides)
            for sides, rows in _by_sides(self._sides)
            for tile in tiles_of(sides)
        )

    def _windows(self) -> Iterator[tuple[Tensor, Tile, Patches]]:
        memory = total_bytes_of(self._images[0].device)
        for sides, rows in _by_sides(self._sides):
            for tile in tiles_of(sides):
                start = torch.tensor([along.start for along in tile.window])
                for numbers in torch.split(rows, n_at_once(tile.window_sides, memory)):
                    corner = start.expand(len(numbers), -1)
                    yield numbers, tile, self._cut(numbers, corner, tile.window_sides)

    @property
    def _is_held(self) -> bool:
        return all(images.is_held for images in self._images)

    def _cuts(
        self, n_patches: int, batch_size: int, size_px: int, order: torch.Generator
    ) -> Iterator[Patches]:
        sides = (size_px,) * self._sides.shape[1]
        at_once = max(PLACES_AT_ONCE // batch_size, 1) * batch_size
        for start in range(0, n_patches, at_once):
            drawn = [
                self._drawn(min(batch_size, n_patches - first), size_px, order)
                for first in range(start, min(start + at_once, n_patches), batch_size)
            ]
            image, corner = (torch.cat(parts) for parts in zip(*drawn, strict=True))
            parts = [held.cuts(image, corner, sides, batch_size) for held in self._images]
            yield from zip(*parts, strict=True)

    def _drawn(self, n: int, size_px: int, order: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw the samples and the corners of a batch."""
        image = torch.randint(len(self._sides), (n,), generator=order)
        return image, self._corners(image, size_px, order)

    def _corners(self, image: Tensor, sides: Tensor | int, order: torch.Generator) -> Tensor:
        room = self._sides[image] - sides + 1
        return (torch.rand(room.shape, generator=order, dtype=torch.float64) * room).long()

    def _cut(self, image: Tensor, corner: Tensor, sides: Sequence[int]) -> Patches:
        return tuple(images.cut(image, corner, sides) for images in self._images)

    def _scaled(self, boxes: Patches) -> Patches:
        parts = zip(self._images, self._scales, boxes, strict=True)
        return tuple(scale(values.to(images.device)) for images, scale, values in parts)


def _by_sides(sides: Tensor) -> Iterator[tuple[tuple[int, ...], Tensor]]:
    """Yield each size among samples, (N, n_dims), with the indices of its samples in order."""
    sizes, which, counts = torch.unique(sides, dim=0, return_inverse=True, return_counts=True)
    rows = torch.split(torch.argsort(which, stable=True), counts.tolist())
    for size, of_one in zip(sizes.tolist(), rows, strict=True):
        yield tuple(size), of_one
