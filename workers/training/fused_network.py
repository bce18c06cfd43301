"""One network with the channels of several networks of the same architecture.

A convolution becomes a grouped one; batch normalisation, pooling and ReLU treat each channel by
itself as it is; the linear heads become one batched product. (The first convolution could share
its input without groups: that is no faster, and torch computes it in another way for a batch of
one.)

The rounding of a product may follow the place of its operands in memory, so each candidate's part
of the heads begins a vector register: rows of zeros fill up the batch and the weights.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

from densearch.nn.memory_format import place_network
from workers.training.forward import Precision

# What classifiers sum over the image. Where channels are innermost the order of that sum depends
# on how many there are; where each lies by itself it does not.
_SUMMED = "features"
# A convolution of one group is computed in another way than that of two, a product of one pair
# likewise.
_LEAST = 2
# Values in a vector register of 512 bits.
_LANES: Mapping[Precision, int] = MappingProxyType({"float32": 16, "tf32": 16, "bfloat16": 32})


class Heads(nn.Module):
    """Linear layers, each on its part of the features.

    Args:
        layers: Equal but for their values.
        n_lanes: Values of a register.

    Attributes:
        weight: (n * n_rows, n_in), n_rows at least n_out.
        bias: (n * n_rows,).
    """

    def __init__(self, layers: Sequence[nn.Linear], n_lanes: int) -> None:
        super().__init__()
        self._n, self._n_out, self._n_lanes = len(layers), layers[0].out_features, n_lanes
        n_idle = -self._n_out % (n_lanes // math.gcd(n_lanes, layers[0].in_features))
        self.weight = _stacked([layer.weight for layer in layers], n_idle)
        self.bias = _stacked([layer.bias for layer in layers], n_idle)

    def forward(self, features: Tensor) -> Tensor:
        """Map (B, n * n_in) to (n, B, n_out)."""
        n_samples = len(features)
        own = features.view(n_samples, self._n, -1).transpose(0, 1)
        n_idle = -n_samples % self._n_lanes
        own = nn.functional.pad(own, (0, 0, 0, n_idle)) if n_idle else own.contiguous()
        weights = self.weight.view(self._n, -1, features.shape[1] // self._n).transpose(1, 2)
        outputs = torch.baddbmm(self.bias.view(self._n, 1, -1), own, weights)
        return outputs[:, :n_samples, : self._n_out]


def _stacked(values: Sequence[Tensor], n_idle: int) -> nn.Parameter:
    own = torch.stack([value.detach() for value in values])
    padding = (0, 0) * (own.dim() - 2) + (0, n_idle)
    return nn.Parameter(nn.functional.pad(own, padding).flatten(0, 1))


def slots(network: nn.Module, precision: Precision) -> int:
    """Return what the number of networks fused is a multiple of: their channels fill registers."""
    width = next(own for own in network.modules() if isinstance(own, _ConvNd)).out_channels
    n_lanes = _LANES[precision]
    return max(n_lanes // math.gcd(n_lanes, width), _LEAST)


def fused_network(networks: Sequence[nn.Module], precision: Precision) -> nn.Module:
    """Return a network of all channels, with copies of the values.

    It maps (B, n * n_channels, *sides) to (n, B, n_outputs) where its networks have a head, else
    to (B, n * n_outputs, *sides).

    Args:
        networks: Plain and fusible (`service.studies.pack_key`), a multiple of `slots`, on their
            device.
        precision: What they compute in.
    """
    fused = copy.deepcopy(networks[0])
    n = len(networks)
    for name, layer in list(fused.named_modules()):
        layers = [network.get_submodule(name) for network in networks]
        if isinstance(layer, nn.Linear):
            heads = [own for own in layers if isinstance(own, nn.Linear)]
            fused.set_submodule(name, Heads(heads, _LANES[precision]))
        elif isinstance(layer, _ConvNd):
            layer.in_channels *= n
            layer.out_channels *= n
            layer.groups *= n
            _join(layer, layers)
        elif isinstance(layer, _BatchNorm):
            layer.num_features *= n
            _join(layer, layers)
    for name, body in fused.named_children():
        if name == _SUMMED:
            body.register_forward_hook(_planes)
    weight = next(fused.parameters())
    place_network(fused, weight.device, weight.dim() - 2, precision, is_grouped=True)
    return fused


def _planes(_: nn.Module, __: object, features: Tensor) -> Tensor:
    """Let each channel lie by itself."""
    return features.contiguous()


def _join(layer: nn.Module, layers: Sequence[nn.Module]) -> None:
    for name, value in layer.named_parameters(recurse=False):
        joined = torch.cat([own.get_parameter(name).detach() for own in layers])
        setattr(layer, name, nn.Parameter(joined, requires_grad=value.requires_grad))
    for name, buffer in layer.named_buffers(recurse=False):
        if buffer.dim() > 0:
            setattr(layer, name, torch.cat([own.get_buffer(name) for own in layers]))
