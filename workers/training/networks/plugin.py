"""Networks provided by plug-in packages: built, and checked against the layers that they list.

A fault is reported before the training begins, in terms of the network and not of the torch
function that would fail.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd
from torch.nn.parameter import UninitializedParameter

from densearch.plugins.shape import InputShape
from service.extensions import entry_points
from service.extensions.entry_points import PluginError, called

GROUP = entry_points.NETWORKS


def own_network(
    section: Mapping[str, Any], shape: InputShape, n_outputs: int, weights: torch.Generator
) -> nn.Module:
    """Build a plug-in's network.

    Args:
        section: `kind` and the settings of that kind.
        shape: Shape of one sample.
        n_outputs: Channels of the output image, or classes.
        weights: Seeds torch's own generator, once: parameters that `initialise` does not draw, and
            dropout, then follow the training's seed too.

    Returns:
        A module on the CPU.

    Raises:
        PluginError: No package provides it, it fails, or its layers are not those that it lists.
    """
    plugin = entry_points.load(GROUP, section["kind"].partition(":")[0])
    torch.manual_seed(int(torch.randint(2**62, (), generator=weights)))
    network = called(plugin, "building the network", plugin.value.build, section, shape, n_outputs)
    if not isinstance(network, nn.Module):
        built = type(network).__name__
        raise PluginError(f"{plugin.package} builds a {built} for {section['kind']}, no nn.Module")
    layers = called(plugin, "listing its layers", _listed, plugin.value, section)
    listed = {layer.name: (layer.kernel_size,) * shape.n_dims for layer in layers}
    fault = _unusual(network) or _fault_of(network, listed)
    if fault is not None:
        raise PluginError(f"{section['kind']} of {plugin.package} is not what it lists: {fault}")
    return network


def _listed(value: Any, section: Mapping[str, Any]) -> list[Any]:  # noqa: ANN401 - a plug-in
    return list(value.layers(value.section.model_validate(dict(section))))


def _unusual(network: nn.Module) -> str | None:
    """Return which layer can be neither initialised nor multiplied by a density; None if none."""
    for name, value in network.named_parameters():
        if isinstance(value, UninitializedParameter):
            return f"{name!r} has no size yet: use no lazy modules"
    for name, module in network.named_modules():
        own = dict(module.named_parameters(recurse=False))
        if isinstance(module, _ConvNd | nn.Linear) and "weight" not in own:
            return (
                f"the weight of {name!r} is computed from others, as weight_norm and "
                "spectral_norm do: it must be a parameter of its own"
            )
    return None


def _fault_of(network: nn.Module, listed: Mapping[str, tuple[int, ...]]) -> str | None:
    present = dict(network.named_modules())
    for name, window in listed.items():
        layer = present.get(name)
        if layer is None:
            return f"layer {name!r} is missing"
        if not isinstance(layer, _ConvNd):
            return f"layer {name!r} is a {type(layer).__name__}, not a convolution"
        if tuple(layer.kernel_size) != window:
            return f"layer {name!r} has a kernel of shape {tuple(layer.kernel_size)}, not {window}"
    order = [name for name in present if name in listed]
    return None if order == list(listed) else f"its layers come in the order {', '.join(order)}"
