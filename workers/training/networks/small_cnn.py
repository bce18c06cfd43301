"""A small classifier of signals, images or volumes: convolutions, pooling, a linear head."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from workers.training.networks.shape import InputShape


class VolumePool(nn.Module):
    """Max-pooling of 2x2x2: (B, C, D, H, W) -> (B, C, D // 2, H // 2, W // 2).

    The values are those of `nn.MaxPool3d(2)`, whose gradient is not deterministic on GPUs.
    """

    def forward(self, volumes: Tensor) -> Tensor:
        """Return the largest value of each cell."""
        planes = nn.functional.max_pool2d(volumes.flatten(1, 2), 2)
        planes = planes.reshape(*volumes.shape[:3], *planes.shape[-2:])
        n_paired = volumes.shape[2] // 2 * 2
        return torch.maximum(planes[:, :, :n_paired:2], planes[:, :, 1:n_paired:2])


# By number of axes: the convolution, and what halves each of them.
_LAYERS: Mapping[int, tuple[type[nn.Module], Callable[[], nn.Module]]] = MappingProxyType(
    {
        1: (nn.Conv1d, partial(nn.MaxPool1d, 2)),
        2: (nn.Conv2d, partial(nn.MaxPool2d, 2)),
        3: (nn.Conv3d, VolumePool),
    }
)


class SmallCnn(nn.Module):
    """`depth` convolutions with ReLU, max-pooling by 2 after the first `n_pools`, a linear head.

    Maps (B, n_channels, *sides) of `n_dims` axes, 1 to 3, to logits (B, n_outputs).
    """

    def __init__(
        self,
        shape: InputShape,
        n_outputs: int,
        *,
        depth: int,
        width: int,
        kernel_size: int,
        n_pools: int,
    ) -> None:
        super().__init__()
        convolution, pool = _LAYERS[shape.n_dims]
        layers: list[nn.Module] = []
        for index in range(depth):
            n_in = shape.n_channels if index == 0 else width
            layers.append(convolution(n_in, width, kernel_size, padding=kernel_size // 2))
            layers.append(nn.ReLU())
            if index < n_pools:
                layers.append(pool())
        self.features = nn.Sequential(*layers)
        self.head = nn.Linear(width, n_outputs)

    def forward(self, samples: Tensor) -> Tensor:
        """Return the logits of a batch."""
        axes = tuple(range(2, samples.dim()))
        logits: Tensor = self.head(self.features(samples).mean(dim=axes))
        return logits


def small_cnn(section: Mapping[str, Any], shape: InputShape, n_outputs: int) -> nn.Module:
    """Build a small CNN of `depth` >= 1 convolutions of `width` channels.

    Pooling stops where samples would become narrower than 2.
    """
    n_pools = min(section["depth"], max(shape.size_px.bit_length() - 2, 0))
    return SmallCnn(
        shape,
        n_outputs,
        depth=section["depth"],
        width=section["width"],
        kernel_size=section["kernel_size"],
        n_pools=n_pools,
    )
