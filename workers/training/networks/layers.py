"""Layers that several networks share.

Changes of resolution are 1x1 convolutions with a rearrangement of pixels. They equal the 2x2
convolutions of stride 2 in the papers, and carry no density since they are 1x1: every larger
kernel of a network has an odd size that its section gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

# By number of axes.
CONVOLUTIONS: Mapping[int, type[nn.Conv1d | nn.Conv2d | nn.Conv3d]] = MappingProxyType(
    {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
)
NORMS: Mapping[int, type[nn.Module]] = MappingProxyType(
    {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
)


def kernel_sizes(section: Mapping[str, Any], n_parts: int) -> list[int]:
    """Return the kernel size of each part (stage or convolution) that a section asks for.

    Raises:
        ValueError: It lists another number of sizes.
    """
    wanted = section["kernel_size"]
    sizes = [wanted] * n_parts if isinstance(wanted, int) else list(wanted)
    if len(sizes) != n_parts:
        raise ValueError(f"{n_parts} kernel sizes are needed, {len(sizes)} were given")
    return sizes


def convolution(n_in: int, n_out: int, size: int, *, stride: int = 1) -> nn.Conv2d:
    """Return a convolution without bias, of odd `size`, that keeps the image's size.

    (B, n_in, H, W) -> (B, n_out, ceil(H / stride), ceil(W / stride)).
    """
    return nn.Conv2d(n_in, n_out, size, stride, padding=size // 2, bias=False)


# On CPUs whose widest registers have 256 bits, oneDNN 3.12 writes beyond a buffer in the backward
# pass of a strided 1x1 convolution with fewer channels than fill a register.
_LANES = 8
_HAS_WIDER = torch.backends.cpu.get_cpu_capability() == "AVX512"


class StridedPointwise(nn.Conv2d):
    """A 1x1 convolution of every `stride`-th pixel: (B, n_in, H, W) -> (B, n_out, H', W').

    Where oneDNN's strided kernel would corrupt memory, the pixels are selected before it.
    """

    def __init__(self, n_in: int, n_out: int, stride: int) -> None:
        super().__init__(n_in, n_out, 1, stride, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        """Return the outputs of a batch."""
        if _HAS_WIDER or self.in_channels >= _LANES or images.device.type != "cpu":
            return super().forward(images)
        rows, columns = self.stride
        return nn.functional.conv2d(images[..., ::rows, ::columns], self.weight, self.bias)


class OneChannelConv2d(nn.Conv2d):
    """A convolution to one channel: of each input channel by itself, then their sum.

    (B, n_in, H, W) -> (B, 1, H, W), the sums of `nn.Conv2d` in another order. CPUs' kernels
    compute 16 channels where one is asked for; this takes 0.4 times as long, forward and backward
    (16 channels of 40x40 and of 96x96, 3x3, one core of a Xeon). Elsewhere it is the usual one: on
    GPUs, in bfloat16, where each product would be rounded, and in packs, which have a channel for
    each candidate.
    """

    def __init__(self, n_in: int, size: int) -> None:
        super().__init__(n_in, 1, size, padding=size // 2)

    def forward(self, images: Tensor) -> Tensor:
        """Return the outputs of a batch."""
        device = images.device.type
        if self.out_channels > 1 or device != "cpu" or torch.is_autocast_enabled(device):
            return super().forward(images)
        products = nn.functional.conv2d(
            images, self.weight.transpose(0, 1), padding=self.padding, groups=self.in_channels
        )
        outputs = products.sum(dim=1, keepdim=True)
        return outputs if self.bias is None else outputs + self.bias


def to_outputs(n_in: int, n_outputs: int, size: int, n_dims: int = 2) -> nn.Module:
    """Return the last convolution of a network whose outputs have `n_dims` axes.

    Of odd `size`, with a bias: (B, n_in, *sides) -> (B, n_outputs, *sides).
    """
    if n_dims == 2 and n_outputs == 1:
        return OneChannelConv2d(n_in, size)
    return CONVOLUTIONS[n_dims](n_in, n_outputs, size, padding=size // 2)


def normalised(n_in: int, n_out: int, size: int) -> nn.Sequential:
    """Return a convolution, batch normalisation and ReLU; arguments as for `convolution`."""
    return nn.Sequential(
        convolution(n_in, n_out, size), nn.BatchNorm2d(n_out), nn.ReLU(inplace=True)
    )


def halving(n_in: int, n_out: int) -> nn.Sequential:
    """Return what halves the image: (B, n_in, 2H, 2W) -> (B, n_out, H, W).

    It equals `nn.Conv2d(n_in, n_out, 2, stride=2)`.
    """
    return nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(4 * n_in, n_out, 1))


def doubling(n_in: int, n_out: int) -> nn.Sequential:
    """Return what doubles the image: (B, n_in, H, W) -> (B, n_out, 2H, 2W).

    It equals `nn.ConvTranspose2d(n_in, n_out, 2, stride=2, bias=False)`.
    """
    return nn.Sequential(nn.Conv2d(n_in, 4 * n_out, 1, bias=False), nn.PixelShuffle(2))


def pad_to_multiple(images: Tensor, factor: int) -> Tensor:
    """Return the images with zeros below and at the right, up to the next multiple of `factor`.

    Args:
        images: (B, C, H, W).
        factor: Above 0.

    Returns:
        (B, C, H', W'), the images in its upper left corner.
    """
    height, width = images.shape[-2:]
    return nn.functional.pad(images, (0, -width % factor, 0, -height % factor))
