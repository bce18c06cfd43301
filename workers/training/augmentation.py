"""Changes that leave an image what it is, drawn afresh for each image and epoch.

They are drawn and done on the training's device. How much is drawn depends on the number of images
alone, so for one seed every density sees the same changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Augmentation:
    """What a training changes in its images; as it is built, nothing.

    Attributes:
        flip: Whether every other image, by chance, is mirrored left to right.
        crop_padding_px: By how many pixels an image is moved at most, up or down and left or
            right, every step as likely: a crop of the image padded with zeros.
    """

    flip: bool = False
    crop_padding_px: int = 0

    @classmethod
    def of(cls, training: Mapping[str, Any]) -> Augmentation:
        """Read a job's training section, where `augmentation` may be null or missing."""
        return cls(**(training.get("augmentation") or {}))

    def __call__(self, images: Tensor, random: torch.Generator) -> Tensor:
        """Return the images changed.

        Args:
            images: (B, C, H, W).
            random: On the images' device.
        """
        if self.flip:
            images = _flip(images, random)
        return _move(images, self.crop_padding_px, random) if self.crop_padding_px else images


def _flip(images: Tensor, random: torch.Generator) -> Tensor:
    chance = torch.rand(len(images), generator=random, device=images.device)
    return torch.where((chance < 0.5)[:, None, None, None], images.flip(-1), images)


def _move(images: Tensor, padding_px: int, random: torch.Generator) -> Tensor:
    n, _, height, width = images.shape
    padded = functional.pad(images, (padding_px,) * 4)
    corners = torch.randint(2 * padding_px + 1, (n, 2, 1), generator=random, device=images.device)
    rows = corners[:, 0] + torch.arange(height, device=images.device)
    columns = corners[:, 1] + torch.arange(width, device=images.device)
    image = torch.arange(n, device=images.device)[:, None, None]
    # The channels come last out of this gather, in the layout that convolutions are fastest in.
    return padded[image, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
