"""The networks that a spec may name: their settings, their layers, what fits what."""

from service.networks.catalogue import (
    NetworkInfo,
    catalogue,
    describe,
    fitting,
    layers_of,
    n_halvings,
)
from service.networks.layers import Layer
from service.networks.sections import SEARCHABLE, AnyNetwork, Network

__all__ = [
    "SEARCHABLE",
    "AnyNetwork",
    "Layer",
    "Network",
    "NetworkInfo",
    "catalogue",
    "describe",
    "fitting",
    "layers_of",
    "n_halvings",
]
