"""A small classifier of signals, images or volumes: convolutions, pooling, a linear head."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from densearch.plugins.shape import InputShape
from workers.training.networks.layers import CONVOLUTIONS, kernel_sizes


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


# By number of axes: what halves each of them.
_POOLS: Mapping[int, Callable[[], nn.Module]] = MappingProxyType(
    {1: partial(nn.MaxPool1d, 2), 2: partial(nn.MaxPool2d, 2), 3: VolumePool}
)


class SmallCnnModule(nn.Module):
    """Convolutions with ReLU, max-pooling by 2 after the first `n_pools`, a linear head.

    Maps (B, n_channels, *sides) of `n_dims` axes, 1 to 3, to logits (B, n_outputs). Convolution i
    is `features.{i}.0`, whatever is pooled.

    Args:
        shape: Of a sample.
        n_outputs: Classes.
        width: Channels of every convolution.
        kernel_sizes: One for each convolution, odd.
        n_pools: At most as many.
    """

    def __init__(
        self,
        shape: InputShape,
        n_outputs: int,
        *,
        width: int,
        kernel_sizes: Sequence[int],
        n_pools: int,
    ) -> None:
        super().__init__()
        n_in = [shape.n_channels] + [width] * (len(kernel_sizes) - 1)
        self.features = nn.Sequential(
            *(
                _step(shape.n_dims, n_in[index], width, size, is_pooled=index < n_pools)
                for index, size in enumerate(kernel_sizes)
            )
        )
        self.head = nn.Linear(width, n_outputs)
        self._axes = tuple(range(2, 2 + shape.n_dims))

    def forward(self, samples: Tensor) -> Tensor:
        """Return the logits of a batch."""
        logits: Tensor = self.head(self.features(samples).mean(dim=self._axes))
        return logits


def _step(n_dims: int, n_in: int, n_out: int, size: int, *, is_pooled: bool) -> nn.Sequential:
    convolution = CONVOLUTIONS[n_dims](n_in, n_out, size, padding=size // 2)
    # Pooled first: ReLU has a part of the work then, and values and gradients are the same bits.
    pools = [_POOLS[n_dims]()] if is_pooled else []
    return nn.Sequential(convolution, *pools, nn.ReLU(inplace=True))


def small_cnn(section: Mapping[str, Any], shape: InputShape, n_outputs: int) -> nn.Module:
    """Build a small CNN of `depth` >= 1 convolutions of `width` channels.

    Pooling stops where samples would become narrower than 2.
    """
    depth = section["depth"]
    return SmallCnnModule(
        shape,
        n_outputs,
        width=section["width"],
        kernel_sizes=kernel_sizes(section, depth),
        n_pools=min(depth, max(shape.size_px.bit_length() - 2, 0)),
    )
