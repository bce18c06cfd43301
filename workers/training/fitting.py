"""Checks that a network and an objective fit if one of them is a plug-in's."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from densearch.plugins.objective import Objective
from workers.training.generators import generators_of

_N_SAMPLES = 2


def require_fit(network: nn.Module, objective: Objective, device: torch.device) -> None:
    """Check that a network's outputs have the shapes that an objective's targets need.

    Samples are drawn from separate generators, so that the training's batches do not change.

    Args:
        network: On the CPU; it stays as it is.
        objective: On its device.
        device: The objective's.

    Raises:
        ValueError: There are no samples, the network fails on them or on those that it will be
            judged on, or it answers in another shape than the targets need.
    """
    batch = next(iter(objective.batches(_N_SAMPLES, generators_of(0, device))), None)
    if batch is None:
        raise ValueError("the objective has no batch for training")
    inputs, targets = batch
    _require_answer(network, inputs.cpu(), _needed(objective, targets))
    for sides in objective.judged_sides():
        judged = torch.zeros(1, objective.shape.n_channels, *sides)
        _require_answer(network, judged, (1, objective.n_outputs, *sides))


def _require_answer(network: nn.Module, inputs: Tensor, needed: tuple[int, ...]) -> None:
    outputs = _answer(network, inputs)
    if tuple(outputs.shape) != needed:
        raise ValueError(
            f"the network answers in the shape {tuple(outputs.shape)} to {len(inputs)} samples of "
            f"{tuple(inputs.shape[1:])}, where the task needs {needed}"
        )


def _answer(network: nn.Module, inputs: Tensor) -> Tensor:
    was_training = network.training
    try:
        with torch.no_grad():
            outputs = network.eval()(inputs)
    except Exception as error:
        shape = tuple(inputs.shape[1:])
        raise ValueError(f"the network fails on samples of shape {shape}: {error}") from error
    finally:
        network.train(was_training)
    if not isinstance(outputs, Tensor):
        raise ValueError(f"the network answers with a {type(outputs).__name__}, not a tensor")  # noqa: TRY004 - of the user's network
    return outputs


def _needed(objective: Objective, targets: Tensor) -> tuple[int, ...]:
    """Return the shape of outputs: that of the targets, unless these are numbers of classes."""
    if targets.is_floating_point():
        return tuple(targets.shape)
    return (len(targets), objective.n_outputs)
