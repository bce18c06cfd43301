"""Samples of which patches are taken: what denoising and restoration are trained and judged on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from workers.training.data.patches import Patches, PatchSource
from workers.training.data.scaling import Scaling


@dataclass(frozen=True, eq=False)
class PatchDataset:
    """A whole set.

    Attributes:
        splits: "train", "validation" and "test": inputs, or inputs and targets, about in [0, 1].
        n_dims: Axes of a sample beside the channels.
        n_channels: Of each of a patch's tensors.
        judged: Returns the crops on which a split is judged, on the device.
        normalise: Brings inputs to about zero mean and unit variance.
    """

    splits: Mapping[str, PatchSource]
    n_dims: int
    n_channels: tuple[int, ...]
    judged: Callable[[str], Patches]
    normalise: Scaling

    def require(self, patch_px: int) -> None:
        """Raise ValueError where a training sample is smaller than a patch."""
        least = self.splits["train"].least_px
        if patch_px > least:
            raise ValueError(f"patches of {patch_px} px do not fit samples of {least} px")

    @cached_property
    def target_mean(self) -> Tensor:
        """The mean of each channel of the targets, over fixed crops; (C,) + (1,) * n_dims."""
        (*_, targets) = self.splits["train"].crops()
        axes = (0, *range(2, targets.dim()))
        return targets.double().mean(dim=axes, keepdim=True)[0].float()


def standardising(inputs: Tensor) -> Scaling:
    """Return what brings each channel of some inputs, (B, C, *sides), to mean 0 and variance 1."""
    axes = (0, *range(2, inputs.dim()))
    deviation, mean = torch.std_mean(inputs.double(), dim=axes, keepdim=True, correction=0)
    deviation = torch.where(deviation > 0, deviation, torch.ones_like(deviation))
    return Scaling(mean[0].float(), deviation[0].float())
