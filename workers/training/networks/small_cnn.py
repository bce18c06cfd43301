"""A small classifier: convolutions with ReLU and pooling, then a linear head."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from workers.training.networks.shape import InputShape


class SmallCnn(nn.Module):
    """`depth` convolutions with ReLU, 2x2 max-pooling after the first `n_pools`, a linear head.

    Maps (B, n_channels, H, W) to logits (B, n_outputs).
    """

    def __init__(
        self,
        n_channels: int,
        n_outputs: int,
        *,
        depth: int,
        width: int,
        kernel_size: int,
        n_pools: int,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for index in range(depth):
            n_in = n_channels if index == 0 else width
            layers.append(nn.Conv2d(n_in, width, kernel_size, padding=kernel_size // 2))
            layers.append(nn.ReLU())
            if index < n_pools:
                layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.head = nn.Linear(width, n_outputs)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits of a batch."""
        logits: Tensor = self.head(self.features(images).mean(dim=(2, 3)))
        return logits


def small_cnn(section: Mapping[str, Any], shape: InputShape, n_outputs: int) -> nn.Module:
    """Build a small CNN of `depth` >= 1 convolutions of `width` channels.

    Pooling stops where images would become smaller than 2x2.
    """
    n_pools = min(section["depth"], max(shape.size_px.bit_length() - 2, 0))
    return SmallCnn(
        shape.n_channels,
        n_outputs,
        depth=section["depth"],
        width=section["width"],
        kernel_size=section["kernel_size"],
        n_pools=n_pools,
    )
