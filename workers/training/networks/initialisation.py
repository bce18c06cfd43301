"""PyTorch's default initialisation, drawn from a stream of our own."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd


def initialise(network: nn.Module, weights: torch.Generator) -> None:
    """Draw the weights and biases of every convolution and linear layer anew, in place.

    Both are uniform in +/- 1 / sqrt(fan_in), as `reset_parameters` of torch draws them from its
    global generator. Every arm of a comparison starts from these same values: another common
    choice (Kaiming, fan_out) differs by 2.4 times in scale, which alone can decide a comparison.
    """
    for layer in network.modules():
        if isinstance(layer, _ConvNd | nn.Linear):
            bound = 1 / math.sqrt(_fan_in(layer.weight))
            nn.init.uniform_(layer.weight, -bound, bound, generator=weights)
            if layer.bias is not None:
                nn.init.uniform_(layer.bias, -bound, bound, generator=weights)


def _fan_in(weight: Tensor) -> int:
    return int(weight[0].numel())
