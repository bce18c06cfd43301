"""The shape of samples and the splits, as training code sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Split = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class InputShape:
    """The shape of one sample.

    Attributes:
        n_channels: 1 for grey images.
        size_px: The smallest side of the smallest sample.
        n_dims: Axes without the channels: 1 for signals, 2 for images, 3 for volumes.
    """

    n_channels: int
    size_px: int
    n_dims: int = 2
