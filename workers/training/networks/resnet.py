"""ResNet in its form for small images.

Source: K. He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, section 4.2, with
1x1 convolutions where a block changes the number of channels (option B). With 3 stages of width
16, a depth of n blocks gives ResNet-(6n + 2): 3 is ResNet-20, 9 is ResNet-56.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from densearch.plugins.shape import InputShape
from workers.training.networks.layers import (
    StridedPointwise,
    convolution,
    kernel_sizes,
    normalised,
)


class BasicBlock(nn.Module):
    """Two convolutions plus a shortcut: (B, n_in, H, W) -> (B, n_out, H / stride, W / stride).

    The shortcut is the identity if shapes agree, otherwise a 1x1 convolution, which carries no
    density. Odd sizes are rounded up.
    """

    def __init__(self, n_in: int, n_out: int, kernel_size: int, stride: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            convolution(n_in, n_out, kernel_size, stride=stride),
            nn.BatchNorm2d(n_out),
            nn.ReLU(inplace=True),
            convolution(n_out, n_out, kernel_size),
            nn.BatchNorm2d(n_out),
        )
        self.shortcut: nn.Module = nn.Identity()
        if (n_in, stride) != (n_out, 1):
            self.shortcut = nn.Sequential(
                StridedPointwise(n_in, n_out, stride), nn.BatchNorm2d(n_out)
            )

    def forward(self, features: Tensor) -> Tensor:
        """Return the sum of both paths, rectified."""
        return nn.functional.relu(self.residual(features) + self.shortcut(features), inplace=True)


class ResNetModule(nn.Module):
    """A convolution, stages of `depth` basic blocks, and a linear head on their average.

    Maps (B, n_channels, H, W) of any size to logits (B, n_outputs). Each stage has a kernel size,
    the first convolution that of the first; every stage but the first begins with stride 2 and
    has twice the channels of the one before.
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
        layers: list[nn.Module] = [normalised(n_channels, width, kernel_sizes[0])]
        n_in = width
        for stage, size in enumerate(kernel_sizes):
            for block in range(depth):
                stride = 2 if stage > 0 and block == 0 else 1
                layers.append(BasicBlock(n_in, width * 2**stage, size, stride))
                n_in = width * 2**stage
        self.features = nn.Sequential(*layers)
        self.head = nn.Linear(n_in, n_outputs)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits of a batch."""
        logits: Tensor = self.head(self.features(images).mean(dim=(2, 3)))
        return logits


def resnet(section: Mapping[str, Any], shape: InputShape, n_outputs: int) -> nn.Module:
    """Build a ResNet of `n_stages` stages with `depth` >= 1 blocks each."""
    return ResNetModule(
        shape.n_channels,
        n_outputs,
        depth=section["depth"],
        width=section["width"],
        kernel_sizes=kernel_sizes(section, section["n_stages"]),
    )
