"""Several networks of one shape as one: what is done to a batch at once for all of them.

The channels of all candidates lie side by side, (B, n * C, ...). A convolution becomes a grouped
one; batch normalisation, pooling and ReLU treat each channel by itself as it is. The linear head
stays each candidate's own, on an aligned copy of its features, because the rounding of a matrix
product may follow its operands' place in memory. (The first convolution could share its input
without groups: that is no faster, and torch computes it in another way for a batch of one.)

In this form a candidate's numbers depend neither on its neighbours nor on its place nor on how
many they are, in every bit, as long as the channels fill whole registers (`slots`): idle copies
stand in for what is missing. That is a property of torch's kernels for CPUs, found by comparing
them, and held by tests/integration/training/packs_test.py.

The candidates' parameters and batch statistics become views of the fused ones, so that a step of
their own optimizers, and the judgement of their own plain networks, need no copies.

Source of the idea: S. Wang et al., "Horizontally Fused Training Array", arXiv:2102.02344.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

from workers.training.layout import lay_out, place_network
from workers.training.passes import Passes, Precision, autocast
from workers.training.running_statistics import RunningStatistics

# What classifiers sum over the image. Where channels are innermost the order of that sum depends
# on how many there are; where each lies by itself it does not.
_SUMMED = "features"
# A convolution of one group is computed in another way than that of two.
_LEAST = 2
# Values in a vector register of 512 bits.
_LANES: Mapping[Precision, int] = MappingProxyType({"float32": 16, "tf32": 16, "bfloat16": 32})


class Heads(nn.Module):
    """Linear layers, each on its part of the features."""

    def __init__(self, layers: Sequence[nn.Linear]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, features: Tensor) -> tuple[Tensor, ...]:
        """Map (B, n * n_in) to n times (B, n_out)."""
        parts = features.chunk(len(self.layers), dim=1)
        return tuple(
            layer(part.contiguous()) for layer, part in zip(self.layers, parts, strict=True)
        )


class FusedPasses(Passes):
    """Of the networks of a pack."""

    def __init__(self, networks: Sequence[nn.Module], precision: Precision) -> None:
        """Fuse networks that are equal but for their values, and move these.

        Args:
            networks: Plain and fusible (`service.packs`), on their device and in train mode.
            precision: What the passes compute in.
        """
        self._n = len(networks)
        self.precision = precision
        n_idle = -self._n % slots(networks[0], precision)
        all_ = [*networks, *(copy.deepcopy(networks[0]) for _ in range(n_idle))]
        self._n_fused = len(all_)
        self._network = _fused(all_, precision)
        self._owners = list(_owners(self._network, all_))
        self.statistics = RunningStatistics(self._network)

    def outputs(self, inputs: Tensor) -> Sequence[Tensor]:
        """Return each candidate's outputs."""
        repeated = inputs.repeat(1, self._n_fused, *[1] * (inputs.dim() - 2))
        with autocast(inputs.device, self.precision):
            outputs = self._network(lay_out(repeated, self.precision, is_grouped=True))
        if isinstance(outputs, Tensor):
            outputs = outputs.chunk(self._n_fused, dim=1)
        return [output.float().contiguous() for output in outputs[: self._n]]

    def hand_out(self) -> None:
        """Give each candidate its part of the gradients."""
        for fused, parts in self._owners:
            if fused.grad is not None:
                for part, gradient in zip(parts, fused.grad.chunk(len(parts)), strict=True):
                    part.grad = gradient
            fused.grad = None


def slots(network: nn.Module, precision: Precision) -> int:
    """Return what the number of networks fused is a multiple of: their channels fill registers."""
    width = next(own for own in network.modules() if isinstance(own, _ConvNd)).out_channels
    n_lanes = _LANES[precision]
    return max(n_lanes // math.gcd(n_lanes, width), _LEAST)


def _fused(networks: Sequence[nn.Module], precision: Precision) -> nn.Module:
    """Return a network of all channels, with copies of the values."""
    fused = copy.deepcopy(networks[0])
    n = len(networks)
    for name, layer in list(fused.named_modules()):
        layers = [network.get_submodule(name) for network in networks]
        if isinstance(layer, nn.Linear):
            fused.set_submodule(name, Heads([own for own in layers if isinstance(own, nn.Linear)]))
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


def _owners(
    fused: nn.Module, networks: Sequence[nn.Module]
) -> Iterator[tuple[nn.Parameter, list[nn.Parameter]]]:
    """Make the networks' values parts of the fused ones; yield each parameter with its parts."""
    for name, layer in fused.named_modules():
        if not isinstance(layer, _ConvNd | _BatchNorm):
            continue
        layers = [network.get_submodule(name) for network in networks]
        for key, value in layer.named_parameters(recurse=False):
            owners = [own.get_parameter(key) for own in layers]
            for owner, part in zip(owners, value.detach().chunk(len(layers)), strict=True):
                owner.data = part
            yield value, owners
        for key, buffer in layer.named_buffers(recurse=False):
            # What is counted, as batches are, all have in common.
            parts = buffer.chunk(len(layers)) if buffer.dim() > 0 else [buffer] * len(layers)
            for own, part in zip(layers, parts, strict=True):
                setattr(own, key, part)
