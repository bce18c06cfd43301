"""Trained networks as safetensors: no pickle, readable anywhere, and how to build them again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from torch import nn

from densearch.plugins.shape import InputShape

# In the header's metadata, as JSON: what `workers.exported` builds the network from.
BUILT_FROM = "densearch"


def folded_weights(
    network: nn.Module, section: Mapping[str, Any], shape: InputShape, n_outputs: int
) -> bytes:
    """Return the state of a folded network: plain names (`0.weight`), plain convolutions.

    Batch normalisation stays what it is: the values are bit for bit those that were judged, and a
    training may go on from them. `workers.exported.load_network` folds it.

    Args:
        network: After `operator.fold`; on any device.
        section: What the network was built from, as `build_network` takes it.
        shape: Likewise.
        n_outputs: Likewise.
    """
    from safetensors.torch import save  # only where weights are kept: torch and numpy suffice else

    state = {name: tensor.cpu().contiguous() for name, tensor in network.state_dict().items()}
    built_from = {"network": section, "shape": vars(shape), "n_outputs": n_outputs}
    content: bytes = save(state, {BUILT_FROM: json.dumps(built_from, sort_keys=True)})
    return content
