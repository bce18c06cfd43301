"""DnCNN: a stack of convolutions that estimates the noise in a signal, an image or a volume.

Source: K. Zhang et al., "Beyond a Gaussian Denoiser", IEEE TIP 26(7), 2017: convolution and ReLU,
then `depth - 2` times convolution, batch normalisation and ReLU, then a convolution.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from densearch.plugins.shape import InputShape
from workers.training.networks.layers import CONVOLUTIONS, NORMS, kernel_sizes, to_outputs


def dncnn(section: Mapping[str, Any], shape: InputShape, n_outputs: int) -> nn.Module:
    """Build a DnCNN of `depth` >= 2 convolutions of `width` channels.

    It maps (B, n_channels, *sides) of 1 to 3 axes to an estimate of the noise, (B, n_outputs,
    *sides); the residual connection, input minus estimate, belongs to the objective.
    """
    width = section["width"]
    first, *middle, last = kernel_sizes(section, section["depth"])
    layers = [_convolution(shape, shape.n_channels, width, first), nn.ReLU(inplace=True)]
    for size in middle:
        layers += [
            _convolution(shape, width, width, size, bias=False),
            NORMS[shape.n_dims](width),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers, to_outputs(width, n_outputs, last, shape.n_dims))


def _convolution(
    shape: InputShape, n_in: int, n_out: int, size: int, *, bias: bool = True
) -> nn.Module:
    return CONVOLUTIONS[shape.n_dims](n_in, n_out, size, padding=size // 2, bias=bias)
