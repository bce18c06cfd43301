"""A layer that can carry a density."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Layer:
    """A convolution with a kernel above 1.

    Attributes:
        name: As in `named_modules()` of the network's module.
        kernel_size: K, along every axis.
        stage: From 1; None in networks without stages. At several scales the stage is the scale,
            on the way down and on the way up.
    """

    name: str
    kernel_size: int
    stage: int | None = None
