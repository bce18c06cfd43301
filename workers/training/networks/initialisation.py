"""Initial weights by name, drawn from the training's generator."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd

Layer = _ConvNd | nn.Linear


def initialise(network: nn.Module, weights: torch.Generator, name: str = "framework") -> None:
    """Draw the weights and biases of every convolution and linear layer, in place.

    All studies of a job start from the same values: the choices differ by up to 2.4 times in
    scale, which alone can decide a comparison.

    Args:
        network: On the CPU.
        weights: The generator; equal states give equal weights.
        name: ``framework`` is PyTorch's default, weights and biases uniform in
            +/- 1 / sqrt(fan_in); ``kaiming_fan_in`` and ``kaiming_fan_out`` are normal with
            variance 2 / fan, biases 0 (the authors' operator starts from fan_out). A fan counts
            the connections that exist: those within a group of channels.

    Raises:
        ValueError: No initialisation has that name.

    Source: K. He et al., arXiv:1502.01852, equations 10 and 14.
    """
    if name not in INITIALISATIONS:
        known = ", ".join(INITIALISATIONS)
        raise ValueError(f"unknown initialisation {name!r}: known are {known}")
    for layer in network.modules():
        if isinstance(layer, _ConvNd | nn.Linear):
            INITIALISATIONS[name](layer, weights)


def _framework(layer: Layer, weights: torch.Generator) -> None:
    # As `reset_parameters` of torch draws them from its global generator.
    bound = 1 / math.sqrt(layer.weight[0].numel())
    nn.init.uniform_(layer.weight, -bound, bound, generator=weights)
    if layer.bias is not None:
        nn.init.uniform_(layer.bias, -bound, bound, generator=weights)


def _kaiming_fan_in(layer: Layer, weights: torch.Generator) -> None:
    _kaiming(layer, weights, fan=layer.weight[0].numel())


def _kaiming_fan_out(layer: Layer, weights: torch.Generator) -> None:
    # torch counts the taps of all groups, but an input reaches the outputs of its own group alone:
    # a depthwise layer would start with weights sqrt(groups) times too small.
    groups = layer.groups if isinstance(layer, _ConvNd) else 1
    _kaiming(layer, weights, fan=layer.weight[:, 0].numel() // groups)


def _kaiming(layer: Layer, weights: torch.Generator, *, fan: int) -> None:
    # As `kaiming_normal_` of torch computes it, to the last bit.
    nn.init.normal_(layer.weight, 0, math.sqrt(2) / math.sqrt(fan), generator=weights)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


INITIALISATIONS: Mapping[str, Callable[[Layer, torch.Generator], None]] = MappingProxyType(
    {
        "framework": _framework,
        "kaiming_fan_in": _kaiming_fan_in,
        "kaiming_fan_out": _kaiming_fan_out,
    }
)
