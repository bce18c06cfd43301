"""Networks by name: plain modules with ordinary convolutions, weighted from outside."""

from workers.training.networks.registry import NETWORKS, build_network
from workers.training.networks.shape import InputShape

__all__ = ["NETWORKS", "InputShape", "build_network"]
