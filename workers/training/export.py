"""Trained networks as safetensors: no pickle, readable anywhere."""

from __future__ import annotations

from torch import nn


def folded_weights(network: nn.Module) -> bytes:
    """Return the state of a folded network: plain names (`0.weight`), plain convolutions.

    Args:
        network: After `operator.fold`; on any device.
    """
    from safetensors.torch import save  # only where weights are kept: torch and numpy suffice else

    state = {name: tensor.cpu().contiguous() for name, tensor in network.state_dict().items()}
    content: bytes = save(state)
    return content
