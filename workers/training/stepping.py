"""One step of all candidates that are trained on the same batches."""

from __future__ import annotations

import torch
from torch import Tensor

from workers.training.forward import Passes, products

# Said by torch's batch normalisation.
_OF_ONE = "Expected more than 1 value per channel"


def step(passes: Passes, inputs: Tensor, targets: Tensor, number: int) -> Tensor:
    """Take one step of each candidate's optimizer and schedule.

    Args:
        passes: Of the candidates.
        inputs: A batch, as the objective draws it.
        targets: Likewise.
        number: Which of the training's steps this is, from 1.

    Returns:
        The candidates' losses before the step, (n,) in float32.

    Raises:
        ValueError: The batch leaves batch normalisation a single value.
    """
    passes.clear()
    with products(passes.precision):
        with passes.statistics.at_step(number):
            losses = _losses(passes, inputs, targets)
        # One pass for all, without a sum: none's loss is another's.
        losses.backward(torch.ones_like(losses))  # type: ignore[no-untyped-call]
    passes.descend()
    for candidate in passes.candidates:
        candidate.schedule.step()
    return losses.detach().view(-1)[: len(passes.candidates)]


def _losses(passes: Passes, inputs: Tensor, targets: Tensor) -> Tensor:
    try:
        return passes.losses(inputs, targets)
    except ValueError as error:
        if _OF_ONE not in str(error):
            raise
        raise ValueError(
            "batch normalisation has nothing to compare in a batch of one sample where the "
            "network has a single place left for each channel: choose a batch_size that leaves "
            "no sample alone in the last batch, set training.drop_last, or use fewer stages"
        ) from error
