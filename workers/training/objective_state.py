"""What a package's objective keeps of a training, as tensors of a checkpoint.

Tensors stay tensors; everything else is JSON, whose text is a tensor of bytes. So nothing of it is
ever pickled, and the digest of a checkpoint's tensors covers it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from service.extensions.entry_points import PluginError
from workers.training.checkpoint import MisfitError

_PLAIN, _TENSOR = "plain", "tensor."
_NUMBERS = (bool, int, float, str, type(None))


def packed(state: Mapping[str, Any]) -> dict[str, Tensor]:
    """Copy a state into tensors on the CPU, by name; none where it is empty.

    Args:
        state: See `workers.training.objectives.base.Objective.state_dict`.

    Raises:
        PluginError: It holds something else.
    """
    if not isinstance(state, Mapping):
        raise PluginError(f"the objective's state_dict gives a {type(state).__name__}, no mapping")
    if not state:
        return {}
    tensors = {name: value for name, value in state.items() if isinstance(value, Tensor)}
    plain = {name: value for name, value in state.items() if name not in tensors}
    for name, value in state.items():
        if not isinstance(name, str) or not (name in tensors or _is_plain(value)):
            raise PluginError(
                f"the objective's state_dict gives {name!r:.100} as a {type(value).__name__}: "
                "give tensors, numbers, texts, and lists and dictionaries of these two"
            )
    text = np.frombuffer(json.dumps(plain).encode(), np.uint8).copy()
    copies = {f"{_TENSOR}{name}": value.detach().cpu().clone() for name, value in tensors.items()}
    return {_PLAIN: torch.from_numpy(text), **copies}


def unpacked(tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    """Return the state that `packed` was given; its tensors are copies, on the CPU.

    Raises:
        MisfitError: It was given none.
    """
    if not tensors:
        return {}
    try:
        plain = json.loads(tensors[_PLAIN].numpy().tobytes())
        return {**plain, **dict(_tensors(tensors))}
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise MisfitError("has not the state of an objective") from error


def _tensors(tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    for name, value in tensors.items():
        if name != _PLAIN:
            yield name.removeprefix(_TENSOR), value.clone()


def _is_plain(value: object) -> bool:
    """Whether a value comes back from JSON as what it was."""
    if type(value) is list:
        return all(map(_is_plain, value))
    if type(value) is dict:
        return all(type(key) is str and _is_plain(one) for key, one in value.items())
    return type(value) in _NUMBERS
