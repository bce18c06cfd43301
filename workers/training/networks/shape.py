"""What a network is told of the data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class InputShape:
    """The shape of one sample.

    Attributes:
        n_channels: 1 for grey images.
        size_px: Height and width of the smallest sample.
    """

    n_channels: int
    size_px: int
