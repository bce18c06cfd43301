"""Loads exported networks for inference in a user's program."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import torch
from pydantic import Field, ValidationError
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from densearch.plugins.sections import Section
from densearch.plugins.shape import InputShape
from service.networks import Network
from workers.training.export import BUILT_FROM
from workers.training.networks import NETWORKS, build_network
from workers.training.norm_folding import fold_batch_norm

_Count = Annotated[int, Field(ge=1, le=2**20)]


class _Shape(Section):
    n_channels: _Count
    size_px: _Count
    n_dims: Annotated[int, Field(ge=1, le=3)]


class _BuiltFrom(Section):
    """Metadata that `workers.training.export.folded_weights` writes; may be hostile input."""

    network: Network
    shape: _Shape
    n_outputs: _Count


def load_network(path: Path | str, *, folds_norms: bool = True) -> nn.Module:
    """Build the network of an exported file, with its weights, for inference.

    Args:
        path: A job's artifact, a safetensors file.
        folds_norms: Whether batch normalisation is folded into the convolutions, see
            `workers.training.norm_folding.fold_batch_norm`. Otherwise the network is the evaluated
            one, bit for bit, and can be trained further.

    Returns:
        A module on the CPU, in eval mode.

    Raises:
        OSError: The file cannot be read.
        ValueError: The file is no exported network, or it needs a package that is not installed
            (PluginError).
    """
    built_from, state = _read(Path(path))
    section = built_from.network.model_dump(mode="json")
    shape = InputShape(**built_from.shape.model_dump())
    try:
        if section["kind"] in NETWORKS:
            # Check sizes first: metadata may describe a network larger than the machine's memory.
            with torch.device("meta"):
                outline = NETWORKS[section["kind"]](section, shape, built_from.n_outputs)
            outline.load_state_dict({name: value.to("meta") for name, value in state.items()})
        network = build_network(section, shape, built_from.n_outputs, torch.Generator())
        network.load_state_dict(state)
    except RuntimeError as error:
        raise ValueError(f"{path} holds weights of another network than it says") from error
    if folds_norms:
        fold_batch_norm(network.eval())
    return network.eval()


def _read(path: Path) -> tuple[_BuiltFrom, dict[str, Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get(BUILT_FROM)
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    except SafetensorError as error:
        raise ValueError(f"{path} is no safetensors file, or is cut off: {error}") from error
    if text is None:
        raise ValueError(
            f"{path} does not say how its network is built, as those of earlier versions do not: "
            "build the network, and load the file's tensors into it"
        )
    try:
        return _BuiltFrom.model_validate_json(text), state
    except ValidationError as error:
        raise ValueError(f"{path} does not say how its network is built: {error}") from error
