"""Small networks of every kind, for the tests of this folder."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from densearch.plugins.shape import InputShape
from workers.training.generators import generators_of
from workers.training.networks import build_network

DNCNN = {"kind": "dncnn", "depth": 5, "width": 16, "kernel_size": 3}
SMALL_CNN = {"kind": "small_cnn", "depth": 2, "width": 16, "kernel_size": 3}
VGG = {"kind": "vgg", "depth": 4, "n_stages": 3, "width": 4, "kernel_size": 3}
RESNET = {"kind": "resnet", "depth": 2, "n_stages": 3, "width": 4, "kernel_size": 3}
UNET = {"kind": "unet", "depth": 2, "n_stages": 3, "width": 4, "kernel_size": 3}
NAFNET = {"kind": "nafnet", "depth": 1, "n_stages": 3, "width": 4, "kernel_size": 3}
CLASSIFIERS: list[dict[str, Any]] = [SMALL_CNN, VGG, RESNET]
DENOISERS: list[dict[str, Any]] = [DNCNN, UNET, NAFNET]
EVERY = [*CLASSIFIERS, *DENOISERS]


def built(
    section: dict[str, Any], size_px: int = 8, n_outputs: int = 1, seed: int = 0
) -> nn.Module:
    weights = generators_of(seed, torch.device("cpu")).weights
    return build_network(section, InputShape(1, size_px), n_outputs, weights)


def kind_of(section: dict[str, Any]) -> str:
    return str(section["kind"])


def n_parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def convolutions(network: nn.Module) -> list[nn.Conv2d]:
    return [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
