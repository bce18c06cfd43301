"""Means over the pixels of each image of a split, added up tile by tile."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from workers.training.data.tiles import Tile, within
from workers.training.metrics import Measure


class PixelMeans:
    """The means of some measures over the pixels of each image; in tiles, each pixel counts once.

    Sums stay on the device, so that adding to them does not wait for a GPU.
    """

    def __init__(self, n_images: int, device: torch.device, measures: Sequence[Measure]) -> None:
        self._sums = {
            measure: torch.zeros(n_images, dtype=torch.float64, device=device)
            for measure in measures
        }
        self._counts = {
            measure: torch.zeros(n_images, dtype=torch.float64) for measure in measures
        }

    def add(self, numbers: Tensor, tile: Tile, images: Tensor, clean: Tensor) -> None:
        """Add the cores of one tile of some images.

        Args:
            numbers: (B,), the images', each once; on the CPU.
            tile: Where the window lies.
            images: (B, C, *sides of the window), on the device.
            clean: Same shape.
        """
        for measure, sums in self._sums.items():
            region = tile.inner(measure.border_px)
            if region is None:
                continue
            seen = tile.around(region, measure.margin_px)
            window, inner = within(seen, tile.window), within(region, seen)
            values = measure.of_pixels(images[:, :, *window], clean[:, :, *window])[:, :, *inner]
            sums[numbers.to(sums.device)] += values.double().flatten(1).sum(dim=1)
            self._counts[measure][numbers] += math.prod(values.shape[1:])

    def of(self, measure: Measure) -> Tensor:
        """Return the mean of each image, (N,), float64, on the CPU."""
        return self._sums[measure].cpu() / self._counts[measure]
