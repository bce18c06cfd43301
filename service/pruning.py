"""The median rule: which trainings are hopeless after an epoch.

A pure function of validation curves. A trial is held against a block of earlier trials that the
study's spec fixes, so that the rule stops the same trainings at any number of workers; whether a
worker stopped by itself or ran on makes no difference to what is told (docs/adr/0010).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

# The median of fewer is no yardstick.
LEAST_CURVES = 3


def limits(
    curves: Sequence[Sequence[float]], n_epochs: int, warmup_epochs: int
) -> tuple[float, ...]:
    """Return, for each epoch, the validation loss above which a training is hopeless.

    Args:
        curves: Validation losses of the block, by epoch; one that was stopped is shorter.
        n_epochs: Of the training that is held against them, at least 1.
        warmup_epochs: Epochs after which none is stopped yet.

    Returns:
        Shape (n_epochs - 1,): the median of the block's losses at that epoch, inf where fewer than
        `LEAST_CURVES` reached it or it is too early. After its last epoch a training is complete.
    """
    return tuple(
        _limit([curve[epoch] for curve in curves if len(curve) > epoch], epoch, warmup_epochs)
        for epoch in range(n_epochs - 1)
    )


def _limit(losses: Sequence[float], epoch: int, warmup_epochs: int) -> float:
    if epoch < warmup_epochs or len(losses) < LEAST_CURVES:
        return math.inf
    return median(losses)


def stop_of(curve: Sequence[float], stop_above: Sequence[float]) -> int | None:
    """Return the epoch (from 1) after which a training with this curve is stopped, or None."""
    for epoch, (loss, limit) in enumerate(zip(curve, stop_above, strict=False), start=1):
        if loss > limit:
            return epoch
    return None


def block_start(number: int | None, batch_size: int, first_block: int | None) -> int:
    """Return how many of a study's first trials a trial is held against.

    Args:
        number: Its place in the sequence; None for one that has none (yet).
        batch_size: Of samplers that work in rounds: a trial is held against all earlier rounds.
        first_block: Of samplers without rounds: the later ones are held against these first ones.
    """
    if first_block is not None:
        return first_block if number is None or number >= first_block else 0
    return 0 if number is None else number // batch_size * batch_size
