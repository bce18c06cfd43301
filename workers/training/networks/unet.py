"""U-Net: convolutions at several scales, joined at each by concatenation.

Source: O. Ronneberger et al., "U-Net: Convolutional Networks for Biomedical Image Segmentation",
MICCAI 2015, figure 1, with padded convolutions and batch normalisation. Its own size is 5 stages
of depth 2 and width 64.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from densearch.plugins.shape import InputShape
from workers.training.networks.layers import doubling, kernel_sizes, normalised, pad_to_multiple


class UNetModule(nn.Module):
    """Scales, each with its kernel size, with `depth` convolutions on the way down and up.

    Maps (B, n_channels, H, W) of any size to (B, n_outputs, H, W): images are padded to what the
    scales divide, and the output is cropped.
    """

    def __init__(
        self,
        n_channels: int,
        n_outputs: int,
        *,
        depth: int,
        width: int,
        kernel_sizes: Sequence[int],
    ) -> None:
        super().__init__()
        widths = [width * 2**stage for stage in range(len(kernel_sizes))]
        n_inputs = [n_channels, *widths[:-1]]
        self.encoder = nn.ModuleList(
            _stage(n_in, n_out, depth, size)
            for n_in, n_out, size in zip(n_inputs, widths, kernel_sizes, strict=True)
        )
        ascent = list(pairwise(reversed(widths)))
        self.ups = nn.ModuleList(doubling(below, here) for below, here in ascent)
        self.decoder = nn.ModuleList(
            _stage(2 * here, here, depth, size)
            for (_, here), size in zip(ascent, reversed(kernel_sizes[:-1]), strict=True)
        )
        self.head = nn.Conv2d(width, n_outputs, 1)
        self._factor = 2 ** (len(kernel_sizes) - 1)

    def forward(self, images: Tensor) -> Tensor:
        """Return the output images of a batch."""
        height, width = images.shape[-2:]
        features = pad_to_multiple(images, self._factor)
        *stages, bottom = self.encoder
        skipped: list[Tensor] = []
        for stage in stages:
            skipped.append(stage(features))
            features = nn.functional.max_pool2d(skipped[-1], 2)
        features = bottom(features)
        for up, stage in zip(self.ups, self.decoder, strict=True):
            features = stage(torch.cat([skipped.pop(), up(features)], dim=1))
        outputs: Tensor = self.head(features)
        return outputs[..., :height, :width]


def unet(section: Mapping[str, Any], shape: InputShape, n_outputs: int) -> nn.Module:
    """Build a U-Net of `n_stages` scales with `depth` >= 1 convolutions each way."""
    return UNetModule(
        shape.n_channels,
        n_outputs,
        depth=section["depth"],
        width=section["width"],
        kernel_sizes=kernel_sizes(section, section["n_stages"]),
    )


def _stage(n_in: int, n_out: int, depth: int, kernel_size: int) -> nn.Sequential:
    channels = [n_in, *[n_out] * depth]
    return nn.Sequential(*(normalised(a, b, kernel_size) for a, b in pairwise(channels)))
