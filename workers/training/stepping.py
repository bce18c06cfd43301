"""One step of all candidates that are trained on the same batches."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from workers.training.passes import Passes
from workers.training.preparation import Prepared


def step(
    passes: Passes, candidates: Sequence[Prepared], inputs: Tensor, targets: Tensor
) -> list[Tensor]:
    """Take one step of each candidate's optimizer and schedule.

    Args:
        passes: Of these candidates, in train mode.
        candidates: Each with its own optimizer; the objective is the first one's.
        inputs: A batch, as the objective draws it.
        targets: Likewise.

    Returns:
        The candidates' losses before the step, scalars in float32.
    """
    for candidate in candidates:
        candidate.optimizer.zero_grad(set_to_none=True)
    objective = candidates[0].objective
    losses = [objective.loss(outputs, targets) for outputs in passes.outputs(inputs)]
    # One pass for all, without a sum: none's loss is another's.
    torch.autograd.backward(losses)
    passes.hand_out()
    for candidate in candidates:
        candidate.optimizer.step()
        candidate.schedule.step()
    return [loss.detach() for loss in losses]
