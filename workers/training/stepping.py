"""One step of all candidates that are trained on the same batches."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from workers.training.descent import descend
from workers.training.passes import Passes, products
from workers.training.preparation import Prepared

# Said by torch's batch normalisation.
_OF_ONE = "Expected more than 1 value per channel"


def step(
    passes: Passes, candidates: Sequence[Prepared], inputs: Tensor, targets: Tensor, number: int
) -> list[Tensor]:
    """Take one step of each candidate's optimizer and schedule.

    Args:
        passes: Of these candidates, in train mode.
        candidates: Each with its own optimizer; the objective is the first one's.
        inputs: A batch, as the objective draws it.
        targets: Likewise.
        number: Which of the training's steps this is, from 1.

    Returns:
        The candidates' losses before the step, scalars in float32.

    Raises:
        ValueError: The batch leaves batch normalisation a single value.
    """
    descents = [candidate.descent for candidate in candidates]
    for descent in descents:
        descent.clear()
    objective = candidates[0].objective
    with products(passes.precision):
        with passes.statistics.at_step(number):
            outputs = _outputs(passes, inputs)
        losses = [objective.loss(own, targets) for own in outputs]
        # One pass for all, without a sum: none's loss is another's.
        torch.autograd.backward(losses)
    passes.hand_out()
    descend(descents)
    for candidate in candidates:
        candidate.schedule.step()
    return [loss.detach() for loss in losses]


def _outputs(passes: Passes, inputs: Tensor) -> Sequence[Tensor]:
    try:
        return passes.outputs(inputs)
    except ValueError as error:
        if _OF_ONE not in str(error):
            raise
        raise ValueError(
            "batch normalisation has nothing to compare in a batch of one sample where the "
            "network has a single place left for each channel: choose a batch_size that leaves "
            "no sample alone in the last batch, set training.drop_last, or use fewer stages"
        ) from error
