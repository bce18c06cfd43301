"""Augmentation: random flips and shifts, drawn for each sample and epoch.

They are drawn and applied on the training's device. The number of draws depends only on the number
of samples and of their axes, so that for one seed every density sees the same changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Augmenter:
    """Changes a training's samples at random; by default it changes nothing.

    Attributes:
        flip: Whether samples are mirrored along their last axis with probability 1/2.
        crop_padding_px: By how many pixels a sample is moved at most along every axis, every step
            as likely: a crop of the sample padded with zeros.
    """

    flip: bool = False
    crop_padding_px: int = 0

    @classmethod
    def of(cls, training: Mapping[str, Any]) -> Augmenter:
        """Read a job's training section, where `augmentation` may be null or missing."""
        return cls(**(training.get("augmentation") or {}))

    def __call__(self, samples: Tensor, random: torch.Generator) -> Tensor:
        """Return the samples changed, each as a whole: all its channels alike.

        Args:
            samples: (B, C, *sides) of 1 to 3 axes.
            random: On the samples' device.
        """
        if self.flip:
            samples = _flip(samples, random)
        return _move(samples, self.crop_padding_px, random) if self.crop_padding_px else samples

    def together(self, parts: tuple[Tensor, ...], random: torch.Generator) -> tuple[Tensor, ...]:
        """Return inputs and targets of the same sides, (B, C, *sides) each, changed alike."""
        if self == Augmenter():
            return parts
        whole = self(torch.cat(parts, dim=1), random)
        return torch.split(whole, [part.shape[1] for part in parts], dim=1)


def _flip(samples: Tensor, random: torch.Generator) -> Tensor:
    chance = torch.rand(len(samples), generator=random, device=samples.device)
    is_turned = (chance < 0.5).view(-1, *(1,) * (samples.dim() - 1))
    return torch.where(is_turned, samples.flip(-1), samples)


def _move(samples: Tensor, padding_px: int, random: torch.Generator) -> Tensor:
    n, _, *sides = samples.shape
    n_axes = len(sides)
    padded = functional.pad(samples, (padding_px,) * (2 * n_axes))
    corners = torch.randint(
        2 * padding_px + 1, (n, n_axes, 1), generator=random, device=samples.device
    )
    coordinates: list[Tensor] = []
    for axis, side in enumerate(sides):
        along = corners[:, axis] + torch.arange(side, device=samples.device)
        shape = [1] * n_axes
        shape[axis] = side
        coordinates.append(along.view(n, *shape))
    sample = torch.arange(n, device=samples.device).view(-1, *(1,) * n_axes)
    # This gather leaves the channels innermost, the fastest memory format for convolutions.
    return padded.movedim(1, -1)[(sample, *coordinates)].movedim(-1, 1)
