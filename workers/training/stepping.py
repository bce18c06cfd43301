"""One training step of all candidates that share a batch."""

from __future__ import annotations

import torch
from torch import Tensor

from workers.training.forward import Forward, products

# Said by torch's batch normalisation.
_OF_ONE = "Expected more than 1 value per channel"


def step(forward: Forward, inputs: Tensor, targets: Tensor, number: int) -> Tensor:
    """Take one step of each candidate's optimizer and schedule.

    Args:
        forward: Of the candidates.
        inputs: A batch, as the objective draws it.
        targets: Likewise.
        number: Which of the training's steps this is, from 1.

    Returns:
        The candidates' losses before the step, (n,) in float32.

    Raises:
        ValueError: The batch leaves batch normalisation a single value.
    """
    forward.clear()
    with products(forward.precision):
        with forward.statistics.at_step(number):
            losses = _losses(forward, inputs, targets)
        # One backward pass for all: no candidate's loss depends on another's parameters.
        losses.backward(torch.ones_like(losses))  # type: ignore[no-untyped-call]
    forward.descend()
    for candidate in forward.candidates:
        candidate.schedule.step()
    return losses.detach().view(-1)[: len(forward.candidates)]


def _losses(forward: Forward, inputs: Tensor, targets: Tensor) -> Tensor:
    try:
        return forward.losses(inputs, targets)
    except ValueError as error:
        if _OF_ONE not in str(error):
            raise
        raise ValueError(
            "batch normalisation has nothing to compare in a batch of one sample where the "
            "network has a single pixel left in each channel: choose a batch_size that leaves "
            "no sample alone in the last batch, set training.drop_last, or use fewer stages"
        ) from error
