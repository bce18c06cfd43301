"""The table of networks: each is a module, a row here, and a section in `service.networks`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import torch
from torch import nn

from densearch.plugins.shape import InputShape
from workers.training.networks.dncnn import dncnn
from workers.training.networks.initialisation import initialise
from workers.training.networks.nafnet import nafnet
from workers.training.networks.plugin import own_network
from workers.training.networks.resnet import resnet
from workers.training.networks.small_cnn import small_cnn
from workers.training.networks.unet import unet
from workers.training.networks.vgg import vgg

Factory = Callable[[Mapping[str, Any], InputShape, int], nn.Module]

NETWORKS: Mapping[str, Factory] = MappingProxyType(
    {
        "small_cnn": small_cnn,
        "vgg": vgg,
        "resnet": resnet,
        "dncnn": dncnn,
        "unet": unet,
        "nafnet": nafnet,
    }
)


def build_network(
    section: Mapping[str, Any],
    shape: InputShape,
    n_outputs: int,
    weights: torch.Generator,
    initialisation: str = "framework",
) -> nn.Module:
    """Build the network that a job's network section names.

    Args:
        section: `kind` and the settings of that kind.
        shape: What one sample looks like.
        n_outputs: Channels of the output image, or classes.
        weights: Draws the initial weights.
        initialisation: How, see `initialise`.

    Returns:
        A module on the CPU in float32.

    Raises:
        ValueError: No network, here or in another package, or no initialisation has that name; or
            the other package's is not what it says (PluginError).
    """
    kind = section["kind"]
    if kind in NETWORKS:
        network = NETWORKS[kind](section, shape, n_outputs)
    else:
        network = own_network(section, shape, n_outputs, weights)
    initialise(network, weights, initialisation)
    return network
