"""Grey photographs; training, validation and test come from different images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from workers.training.data.images import GreyImage, grey_image

SPLITS: dict[str, tuple[str, ...]] = {
    "train": (
        "camera", "chelsea", "rocket", "moon", "stereo_motorcycle", "immunohistochemistry",
        "flower",
    ),
    "validation": ("coffee", "coins", "cell"),
    "test": ("astronaut", "clock", "china"),
}  # fmt: skip

CROP_PX = 96
_CROP_ROWS, _CROP_COLUMNS = 2, 4


class PatchSource:
    """Square patches from random places of a set of images of any sizes.

    The images lie one after another in one flat tensor, so that a batch is a single gather and
    memory does not grow with the number of patches.
    """

    def __init__(self, images: Sequence[GreyImage], size_px: int, device: torch.device) -> None:
        sizes = np.array([image.size for image in images])
        self._pixels = torch.from_numpy(np.concatenate([image.ravel() for image in images])).to(
            device
        )
        self._starts = torch.from_numpy(np.concatenate([[0], np.cumsum(sizes)[:-1]]))
        self._shapes = torch.tensor([image.shape for image in images])
        self._size_px = size_px
        self._steps = torch.arange(size_px, device=device)

    def batches(self, n_patches: int, batch_size: int, order: torch.Generator) -> Iterator[Tensor]:
        """Yield batches of (B, 1, size_px, size_px) in [0, 1]; the last may be smaller.

        Every image is equally likely, whatever its size; within it every place is.
        """
        for start in range(0, n_patches, batch_size):
            yield self._draw(min(batch_size, n_patches - start), order)

    def _draw(self, n: int, order: torch.Generator) -> Tensor:
        image = torch.randint(len(self._starts), (n,), generator=order)
        shapes = self._shapes[image]
        room = shapes - self._size_px + 1
        corner = (torch.rand((n, 2), generator=order, dtype=torch.float64) * room).long()
        width = shapes[:, 1]
        first = self._starts[image] + corner[:, 0] * width + corner[:, 1]
        device = self._pixels.device
        rows = first.to(device)[:, None] + self._steps * width.to(device)[:, None]
        return self._pixels[rows[:, :, None] + self._steps][:, None]


@lru_cache(maxsize=8)
def training_patches(size_px: int, device: torch.device) -> PatchSource:
    """Return the source of training patches of `size_px`, kept for this process."""
    return PatchSource([grey_image(name) for name in SPLITS["train"]], size_px, device)


@lru_cache(maxsize=4)
def fixed_crops(split: str) -> Tensor:
    """Return the crops on which a split is judged: (N, 1, 96, 96) in [0, 1], on the CPU.

    Eight from each image, on an evenly spaced grid of 2 rows and 4 columns; they do not depend on
    any seed.
    """
    crops = [crop for name in SPLITS[split] for crop in _grid(grey_image(name))]
    return torch.from_numpy(np.stack(crops))[:, None]


def _grid(image: GreyImage) -> Iterator[GreyImage]:
    height, width = image.shape
    for row in np.linspace(0, height - CROP_PX, _CROP_ROWS).astype(int):
        for column in np.linspace(0, width - CROP_PX, _CROP_COLUMNS).astype(int):
            yield image[row : row + CROP_PX, column : column + CROP_PX]
