"""Multiply the convolutions of your own network by the density of this bundle: torch alone.

import use_density
network = use_density.weigh(MyNetwork())    # every convolution with a kernel of its size
...                                         # train it as ever
use_density.fold(network)                   # plain convolutions with the same outputs
"""

import json
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils import parametrize

HERE = Path(__file__).parent


class Weighed(nn.Module):
    """A weight times Phi."""

    def __init__(self, phi: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("phi", phi)

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        """Return the product."""
        return weight * self.get_buffer("phi")


def weigh(network: nn.Module, path: Path = HERE / "density.json") -> nn.Module:
    """Weigh the layers that a density names, or where it is for all, those of its kernel size."""
    for own in json.loads(Path(path).read_text("utf-8"))["densities"]:
        phi = torch.tensor(own["phi"], dtype=torch.float32)
        for name, layer in list(network.named_modules()):
            is_fit = isinstance(layer, nn.Conv1d | nn.Conv2d | nn.Conv3d)
            is_named = not own["layer"] or name in own["layers"]
            if is_fit and is_named and tuple(layer.kernel_size) == tuple(phi.shape):
                parametrize.register_parametrization(layer, "weight", Weighed(phi))
    return network


def fold(network: nn.Module) -> nn.Module:
    """Make plain convolutions of the weighed ones."""
    for layer in list(network.modules()):
        if parametrize.is_parametrized(layer, "weight"):
            parametrize.remove_parametrizations(layer, "weight")
    return network
