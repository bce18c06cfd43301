"""DnCNN: a stack of convolutions that estimates the noise in an image.

Source: K. Zhang et al., "Beyond a Gaussian Denoiser", IEEE TIP 26(7), 2017: convolution and ReLU,
then `depth - 2` times convolution, batch normalisation and ReLU, then a convolution.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from workers.training.networks.shape import InputShape


def dncnn(section: Mapping[str, Any], shape: InputShape, n_outputs: int) -> nn.Module:
    """Build a DnCNN of `depth` >= 2 convolutions of `width` channels.

    It maps (B, n_channels, H, W) to an estimate of the noise, (B, n_outputs, H, W); the residual
    connection, input minus estimate, belongs to the objective.
    """
    width, size = section["width"], section["kernel_size"]
    layers: list[nn.Module] = [_convolution(shape.n_channels, width, size), nn.ReLU()]
    for _ in range(section["depth"] - 2):
        layers += [
            _convolution(width, width, size, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        ]
    layers.append(_convolution(width, n_outputs, size))
    return nn.Sequential(*layers)


def _convolution(n_in: int, n_out: int, size: int, *, bias: bool = True) -> nn.Conv2d:
    return nn.Conv2d(n_in, n_out, size, padding=size // 2, bias=bias)
