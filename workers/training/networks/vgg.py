"""VGG: stages of convolutions, each followed by pooling, and one linear layer.

Source: K. Simonyan and A. Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
Recognition", ICLR 2015, table 1, with batch normalisation and, as is usual for CIFAR, one linear
layer in place of three. With 5 stages of width 64, a depth of 8, 10 or 13 gives the convolutions
of VGG-11, VGG-13 and VGG-16.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from densearch.plugins.shape import InputShape
from workers.training.networks.layers import kernel_sizes, normalised

# Channels double from stage to stage, up to this many times the first one's (64 to 512).
_MOST_WIDENING = 8


class VggModule(nn.Module):
    """Stages of convolution, batch norm and ReLU, each ended by 2x2 max-pooling.

    Maps (B, n_channels, H, W), H and W at least 2**n_stages, to logits (B, n_outputs). The
    `depth` convolutions are shared evenly by the stages, each of which has a kernel size; what is
    left over goes to the last ones.
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
        layers: list[nn.Sequential] = []
        n_in = n_channels
        n_stages = len(kernel_sizes)
        for stage, size in enumerate(kernel_sizes):
            n_out = width * min(2**stage, _MOST_WIDENING)
            for _ in range((depth + stage) // n_stages):
                layers.append(normalised(n_in, n_out, size))
                n_in = n_out
            # The last ReLU comes after the pooling: a quarter of the work, and the same bits.
            del layers[-1][-1]
            layers.append(nn.Sequential(nn.MaxPool2d(2), nn.ReLU(inplace=True)))
        self.features = nn.Sequential(*layers)
        self.head = nn.Linear(n_in, n_outputs)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits of a batch."""
        logits: Tensor = self.head(self.features(images).mean(dim=(2, 3)))
        return logits


def vgg(section: Mapping[str, Any], shape: InputShape, n_outputs: int) -> nn.Module:
    """Build a VGG of `depth` convolutions in `n_stages` <= `depth` stages."""
    return VggModule(
        shape.n_channels,
        n_outputs,
        depth=section["depth"],
        width=section["width"],
        kernel_sizes=kernel_sizes(section, section["n_stages"]),
    )
