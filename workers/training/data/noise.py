"""Noise of a data set: a function of the seed, the sample and the coordinates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from workers.training.generators import generator

# By the number of axes. Noise is drawn in blocks, each from its own seed, so that the noise of any
# part of a sample can be computed without the rest.
_BLOCK_PX: Mapping[int, int] = MappingProxyType({1: 1_024, 2: 64, 3: 16})


def noise_at(seed: int, sample: int, n_channels: int, window: Sequence[slice]) -> Tensor:
    """Return standard normal noise for a part of a sample.

    Args:
        seed: The data set's.
        sample: The sample's index in the split.
        n_channels: The sample's channels.
        window: The part, as slices of the sample's axes.

    Returns:
        (n_channels, *sides of the part), float32, on the CPU: the same on every device.
    """
    n_dims = len(window)
    size = _BLOCK_PX[n_dims]
    noise = torch.empty(n_channels, *(along.stop - along.start for along in window))
    reached = (range(along.start // size, -(-along.stop // size)) for along in window)
    for block in product(*reached):
        drawn = torch.randn(
            n_channels, *[size] * n_dims, generator=_generator(seed, sample, block)
        )
        pairs = [_overlap(n * size, size, along) for n, along in zip(block, window, strict=True)]
        noise[:, *(into for into, _ in pairs)] = drawn[:, *(out_of for _, out_of in pairs)]
    return noise


def _overlap(start: int, size: int, along: slice) -> tuple[slice, slice]:
    """Return where a block lies in the window, and what of the block lies there."""
    first, last = max(start, along.start), min(start + size, along.stop)
    return slice(first - along.start, last - along.start), slice(first - start, last - start)


def _generator(seed: int, sample: int, block: Sequence[int]) -> torch.Generator:
    entropy = np.random.SeedSequence([seed, sample, *block])
    return generator(int(entropy.generate_state(1, dtype=np.uint64)[0]))
