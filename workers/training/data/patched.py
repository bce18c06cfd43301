"""Samples from which patches are taken, for denoising and restoration."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from workers.training.data.patches import HeldImages, Patches, PatchSource
from workers.training.data.scaling import Scaling
from workers.training.metrics import LEAST_PX


@dataclass(frozen=True, eq=False)
class PatchDataset:
    """A whole set.

    Attributes:
        splits: "train", "validation" and "test": inputs, or inputs and targets, about in [0, 1].
        n_dims: Axes of a sample without the channels.
        n_channels: Channels of each of a patch's tensors.
        n_outputs: Outputs that a network needs for these targets.
        validation_crops: Returns the crops on which a search is evaluated, on the device, grouped
            by size.
        normalise: Scales inputs to about zero mean and unit variance.
    """

    splits: Mapping[str, PatchSource]
    n_dims: int
    n_channels: tuple[int, ...]
    n_outputs: int
    validation_crops: Callable[[], Sequence[Patches]]
    normalise: Scaling

    def require(self, patch_px: int) -> None:
        """Check that every sample is large enough for training and evaluation.

        Raises:
            ValueError: A sample is smaller than a patch, or than the window of a metric.
        """
        needed = max(patch_px, LEAST_PX)
        for split, source in self.splits.items():
            if source.least_px >= needed:
                continue
            fault = f"the smallest sample of the {split} split has a side of {source.least_px} px"
            if source.least_px >= LEAST_PX:
                raise ValueError(
                    f"{fault}, a patch {patch_px} px: use patch_px of at most {source.least_px}, "
                    "or leave such samples out"
                )
            raise ValueError(f"{fault}: metrics need at least {LEAST_PX}, leave such samples out")

    @cached_property
    def crops(self) -> Sequence[Patches]:
        """The crops on which a search is evaluated."""
        return self.validation_crops()

    @cached_property
    def target_mean(self) -> Tensor:
        """The mean of each channel of the targets, over fixed crops; (C,) + (1,) * n_dims."""
        targets = [parts[-1] for parts in self.splits["train"].crops()]
        mean = by_channel(targets).mean(dim=1)
        return mean.float().view(-1, *(1,) * self.n_dims)


def held_source(
    parts: Sequence[Sequence[NDArray[Any]]], device: torch.device, groups: Tensor | None = None
) -> PatchSource:
    """Return a split held on a device; its values are used as they are.

    Args:
        parts: The inputs, or inputs and targets, (C, *sides) each.
        device: Where to.
        groups: Of the samples, see `workers.training.data.labelled.LabelledSplit`.
    """
    held = [HeldImages(images, device) for images in parts]
    return PatchSource(held, [_same] * len(parts), groups)


def _same(values: Tensor) -> Tensor:
    return values


def standardising(inputs: Sequence[Tensor]) -> Scaling:
    """Return the scaling that gives each channel of some inputs mean 0 and variance 1.

    Args:
        inputs: (B, C, *sides) each; sides and B may differ.
    """
    deviation, mean = torch.std_mean(by_channel(inputs), dim=1, correction=0)
    deviation = torch.where(deviation > 0, deviation, torch.ones_like(deviation))
    axes = (1,) * (inputs[0].dim() - 2)
    return Scaling(mean.float().view(-1, *axes), deviation.float().view(-1, *axes))


def by_channel(inputs: Sequence[Tensor]) -> Tensor:
    """Return all values of each channel of some tensors (B, C, *sides): (C, N), float64."""
    return torch.cat([values.transpose(0, 1).flatten(1) for values in inputs], dim=1).double()
