"""The networks that a spec may name: their settings, their layers, what fits what."""

from densearch.plugins.layer import Layer
from densearch.plugins.sections import OwnNetwork
from service.networks.catalogue import (
    NetworkInfo,
    catalogue,
    describe,
    described,
    fitting,
    layers_of,
    n_halvings,
    own,
)
from service.networks.sections import SEARCHABLE, AnyNetwork, Network

__all__ = [
    "SEARCHABLE",
    "AnyNetwork",
    "Layer",
    "Network",
    "NetworkInfo",
    "OwnNetwork",
    "catalogue",
    "describe",
    "described",
    "fitting",
    "layers_of",
    "n_halvings",
    "own",
]
