"""The networks whose training steps are timed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True)
class Case:
    """A network and the batch that it is trained on: (batch_size, 1) + (size_px,) * n_dims."""

    section: Mapping[str, Any]
    batch_size: int
    size_px: int
    n_dims: int = 2


CASES: Mapping[str, Case] = MappingProxyType(
    {
        "small_cnn 2x16, 3x3, 64 of 8 px": Case(
            {"kind": "small_cnn", "depth": 2, "width": 16, "kernel_size": 3}, 64, 8
        ),
        "small_cnn 3x32, 5x5, 64 of 32 px": Case(
            {"kind": "small_cnn", "depth": 3, "width": 32, "kernel_size": 5}, 64, 32
        ),
        "small_cnn 2x16, 3, 64 of 128": Case(
            {"kind": "small_cnn", "depth": 2, "width": 16, "kernel_size": 3}, 64, 128, 1
        ),
        "small_cnn 2x16, 3x3x3, 16 of 16 px": Case(
            {"kind": "small_cnn", "depth": 2, "width": 16, "kernel_size": 3}, 16, 16, 3
        ),
        "dncnn 5x16, 3x3, 16 of 40 px": Case(
            {"kind": "dncnn", "depth": 5, "width": 16, "kernel_size": 3}, 16, 40
        ),
        "dncnn 5x16, 5x5, 64 of 40 px": Case(
            {"kind": "dncnn", "depth": 5, "width": 16, "kernel_size": 5}, 64, 40
        ),
        "vgg 4x16, 3x3, 64 of 8 px": Case(
            {"kind": "vgg", "depth": 4, "n_stages": 2, "width": 16, "kernel_size": 3}, 64, 8
        ),
        "resnet 1x16, 3x3, 64 of 8 px": Case(
            {"kind": "resnet", "depth": 1, "n_stages": 3, "width": 16, "kernel_size": 3}, 64, 8
        ),
        "unet 1x16, 3x3, 16 of 40 px": Case(
            {"kind": "unet", "depth": 1, "n_stages": 3, "width": 16, "kernel_size": 3}, 16, 40
        ),
        "nafnet 1x8, 3x3, 16 of 40 px": Case(
            {"kind": "nafnet", "depth": 1, "n_stages": 3, "width": 8, "kernel_size": 3}, 16, 40
        ),
    }
)
