"""Labelled images: what a classification is trained and judged on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workers.training.data.digits import load_digits
from workers.training.data.textures import load_textures

Arrays = tuple[NDArray[np.float32], NDArray[np.int64]]

_LOADERS = {"digits": load_digits, "textures": load_textures}


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """One split.

    Attributes:
        images: (N, 1, H, W), float32, standardised by the training split's mean and deviation.
        labels: (N,), int64, 0 <= label < n_classes.
    """

    images: Tensor
    labels: Tensor

    def batches(
        self, batch_size: int, order: torch.Generator | None = None
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield every sample once, in `order`'s order if given; the last batch may be smaller."""
        n = len(self.labels)
        indices = torch.arange(n) if order is None else torch.randperm(n, generator=order)
        for batch in torch.split(indices.to(self.labels.device), batch_size):
            yield self.images[batch], self.labels[batch]


@dataclass(frozen=True, eq=False)
class LabelledDataset:
    """A whole set: its splits by name, and its number of classes."""

    splits: dict[str, LabelledImages]
    n_classes: int

    @property
    def size_px(self) -> int:
        """Height and width of an image."""
        return int(self.splits["train"].images.shape[-1])


@lru_cache(maxsize=8)
def labelled_dataset(name: str, device: torch.device) -> LabelledDataset:
    """Load a set by name onto a device, once per process.

    Raises:
        ValueError: No set has that name.
    """
    if name not in _LOADERS:
        raise ValueError(f"unknown dataset {name!r}: known are {', '.join(sorted(_LOADERS))}")
    arrays = _LOADERS[name]()
    mean, deviation = float(arrays["train"][0].mean()), float(arrays["train"][0].std())
    splits = {
        split: LabelledImages(
            torch.from_numpy((images - mean) / deviation)[:, None].to(device),
            torch.from_numpy(labels).to(device),
        )
        for split, (images, labels) in arrays.items()
    }
    return LabelledDataset(splits, n_classes=int(arrays["train"][1].max()) + 1)
