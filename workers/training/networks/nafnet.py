"""NAFNet: image restoration without activation functions.

Source: L. Chen et al., "Simple Baselines for Image Restoration", ECCV 2022, figures 3 and 4. The
depthwise convolutions of its blocks, its first and its last convolution have the kernel size that
is asked for, and carry the density.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from densearch.plugins.shape import InputShape
from workers.training.networks.layers import (
    doubling,
    halving,
    kernel_sizes,
    pad_to_multiple,
    to_outputs,
)


class ChannelNorm(nn.LayerNorm):
    """Layer normalisation over the channels of each pixel, (B, C, H, W)."""

    def __init__(self, n_channels: int) -> None:
        super().__init__(n_channels, eps=1e-6)

    def forward(self, features: Tensor) -> Tensor:
        """Return the features, normalised."""
        return super().forward(features.movedim(1, -1)).movedim(-1, 1)


class SimpleGate(nn.Module):
    """Half of the channels times the other half: (B, 2C, H, W) -> (B, C, H, W)."""

    def forward(self, features: Tensor) -> Tensor:
        """Return the product."""
        first, second = features.chunk(2, dim=1)
        return first * second


class ChannelAttention(nn.Module):
    """Channels weighed by a linear function of their means over the image (simplified)."""

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        self.weigh = nn.Conv2d(n_channels, n_channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Return the weighed features."""
        weights: Tensor = self.weigh(features.mean(dim=(2, 3), keepdim=True))
        return features * weights


class NafBlock(nn.Module):
    """A spatial branch and a channel branch, each added to its input; shapes stay.

    The factors `beta` and `gamma` start at 0: the block begins as the identity, and gradients
    reach what is inside of it once they have moved.
    """

    def __init__(self, n_channels: int, kernel_size: int) -> None:
        super().__init__()
        n_inner, middle = 2 * n_channels, kernel_size // 2
        self.spatial = nn.Sequential(
            ChannelNorm(n_channels),
            nn.Conv2d(n_channels, n_inner, 1),
            nn.Conv2d(n_inner, n_inner, kernel_size, padding=middle, groups=n_inner),
            SimpleGate(),
            ChannelAttention(n_channels),
            nn.Conv2d(n_channels, n_channels, 1),
        )
        self.channelwise = nn.Sequential(
            ChannelNorm(n_channels),
            nn.Conv2d(n_channels, n_inner, 1),
            SimpleGate(),
            nn.Conv2d(n_channels, n_channels, 1),
        )
        self.beta = nn.Parameter(torch.zeros(1, n_channels, 1, 1))
        self.gamma = nn.Parameter(torch.zeros(1, n_channels, 1, 1))

    def forward(self, features: Tensor) -> Tensor:
        """Return the features after both branches."""
        mixed = features + self.beta * self.spatial(features)
        outputs: Tensor = mixed + self.gamma * self.channelwise(mixed)
        return outputs


class NafNetModule(nn.Module):
    """Blocks at several scales, joined at each by addition.

    Maps (B, n_channels, H, W) of any size to (B, n_outputs, H, W): images are padded to what the
    scales divide, and the output is cropped. The residual connection of the paper, output plus
    input, belongs to the objective. Channel attention sees the whole image: on images much larger
    than the training's patches its means differ from those it has learned from.

    Args:
        n_channels: Of the input.
        n_outputs: Channels of the output.
        encoder: Blocks of each scale on the way down, the finest first.
        middle: Blocks of the coarsest scale, which lies below the encoder's.
        decoder: Blocks of each scale on the way up, the coarsest first; as many as `encoder`.
        width: Channels of the finest scale; they double at each coarser one.
        kernel_sizes: Of each scale, the finest first, the coarsest included; odd. The first and
            the last convolution have the finest scale's.
    """

    def __init__(
        self,
        n_channels: int,
        n_outputs: int,
        *,
        encoder: Sequence[int],
        middle: int,
        decoder: Sequence[int],
        width: int,
        kernel_sizes: Sequence[int],
    ) -> None:
        super().__init__()
        widths = [width * 2**scale for scale in range(len(encoder) + 1)]
        finest = kernel_sizes[0]
        self.first = nn.Conv2d(n_channels, width, finest, padding=finest // 2)
        self.encoder = _stages(widths, encoder, kernel_sizes)
        self.downs = nn.ModuleList(halving(here, below) for here, below in pairwise(widths))
        self.middle = _blocks(widths[-1], middle, kernel_sizes[-1])
        upwards = widths[::-1]
        self.ups = nn.ModuleList(doubling(below, here) for below, here in pairwise(upwards))
        self.decoder = _stages(upwards[1:], decoder, kernel_sizes[-2::-1])
        self.last = to_outputs(width, n_outputs, finest)
        self._factor = 2 ** len(encoder)

    def forward(self, images: Tensor) -> Tensor:
        """Return the output images of a batch."""
        height, width = images.shape[-2:]
        features = self.first(pad_to_multiple(images, self._factor))
        skipped: list[Tensor] = []
        for stage, down in zip(self.encoder, self.downs, strict=True):
            skipped.append(stage(features))
            features = down(skipped[-1])
        features = self.middle(features)
        for up, stage in zip(self.ups, self.decoder, strict=True):
            features = stage(up(features) + skipped.pop())
        outputs: Tensor = self.last(features)
        return outputs[..., :height, :width]


def nafnet(section: Mapping[str, Any], shape: InputShape, n_outputs: int) -> nn.Module:
    """Build a NAFNet of `n_stages` scales with `depth` >= 1 blocks each, and each way."""
    depth, n_joined = section["depth"], section["n_stages"] - 1
    return NafNetModule(
        shape.n_channels,
        n_outputs,
        encoder=[depth] * n_joined,
        middle=depth,
        decoder=[depth] * n_joined,
        width=section["width"],
        kernel_sizes=kernel_sizes(section, section["n_stages"]),
    )


def _stages(widths: Sequence[int], depths: Sequence[int], sizes: Sequence[int]) -> nn.ModuleList:
    # The last width, and its size, may belong to the middle.
    stages = zip(widths, depths, sizes, strict=False)
    return nn.ModuleList(_blocks(width, depth, size) for width, depth, size in stages)


def _blocks(width: int, depth: int, kernel_size: int) -> nn.Sequential:
    return nn.Sequential(*(NafBlock(width, kernel_size) for _ in range(depth)))
