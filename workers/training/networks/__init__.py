"""Networks by name: plain modules with ordinary convolutions, weighted from outside."""

from workers.training.networks.registry import NETWORKS, build_network

__all__ = ["NETWORKS", "build_network"]
