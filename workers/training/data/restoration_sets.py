"""The built-in sets that denoising and restoration are trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from workers.training.data import photos
from workers.training.data.patched import PatchDataset, held_source, standardising
from workers.training.data.phantoms import load_phantoms
from workers.training.data.scaling import Scaling

# Grey values of photographs in [0, 1] have about this mean and deviation.
_MEAN, _DEVIATION = 0.5, 0.25
_Images = list[NDArray[np.float32]]


def photographs(device: torch.device) -> PatchDataset:
    """Return the photographs alone."""
    return _of_photos([photos.load_photos], device)


def blurred_photographs(device: torch.device) -> PatchDataset:
    """Return pairs of a photograph that was blurred and the photograph."""

    def inputs(split: str) -> _Images:
        return [photos.blurred(image) for image in photos.load_photos(split)]

    return _of_photos([inputs, photos.load_photos], device)


def _of_photos(parts: Sequence[Callable[[str], _Images]], device: torch.device) -> PatchDataset:
    loaded = {split: [part(split) for part in parts] for split in photos.SPLITS}
    crops = tuple(
        torch.from_numpy(photos.fixed_crops(images)).to(device) for images in loaded["validation"]
    )
    return PatchDataset(
        {
            split: held_source([[image[None] for image in part] for part in of_split], device)
            for split, of_split in loaded.items()
        },
        n_dims=2,
        n_channels=(1,) * len(parts),
        n_outputs=1,
        validation_crops=lambda: [crops],
        normalise=Scaling(
            torch.tensor(_MEAN, device=device), torch.tensor(_DEVIATION, device=device)
        ),
    )


def phantoms(device: torch.device) -> PatchDataset:
    """Return the generated volumes."""
    splits = {
        split: held_source([[volume[None] for volume in volumes]], device)
        for split, volumes in load_phantoms().items()
    }
    inputs = [part for (part,) in splits["train"].crops()]
    return PatchDataset(splits, 3, (1,), 1, splits["validation"].crops, standardising(inputs))
