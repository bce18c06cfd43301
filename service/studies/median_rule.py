"""Median stopping rule: prune a trial whose loss is above the median of earlier ones at an epoch.

A pure function of validation curves. A trial is compared with a block of earlier trials that the
study's spec fixes, so that the rule stops the same trainings at any number of workers; the
sampler gets the same values whether a worker stopped by itself or ran on (docs/adr/0010).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from heapq import heappop, heappush, heappushpop

# The median of fewer curves says too little.
LEAST_CURVES = 3


class Block:
    """The first trials of a study, with which later ones are compared, and their medians.

    It only grows, and adding its last trial takes as long as adding its first.

    Args:
        size: Size of the steps in which it grows: others are compared with whole steps.

    Attributes:
        n: Trials that were added.
        medians: Of the losses after each epoch, as of the last whole step; inf where fewer than
            `LEAST_CURVES` reached it.
    """

    def __init__(self, size: int) -> None:
        self.n = 0
        self.medians: tuple[float, ...] = ()
        self._size = size
        self._losses: list[_Losses] = []  # by epoch

    def add(self, curve: Sequence[float]) -> None:
        """Add the study's next trial.

        Args:
            curve: Its validation losses, by epoch; that of a pruned trial is shorter.
        """
        self.n += 1
        self._losses += [_Losses() for _ in range(len(curve) - len(self._losses))]
        for losses, loss in zip(self._losses, curve, strict=False):
            losses.add(loss)
        if self.n % self._size == 0:
            self.medians = tuple(losses.median() for losses in self._losses)


class _Losses:
    """Numbers in two heaps, whose tops are the lower half's largest and the upper half's least."""

    def __init__(self) -> None:
        self._lower: list[float] = []  # negated, as heapq knows the least alone
        self._upper: list[float] = []  # as many, or one more

    def add(self, loss: float) -> None:
        heappush(self._lower, -heappushpop(self._upper, loss))
        if len(self._lower) > len(self._upper):
            heappush(self._upper, -heappop(self._lower))

    def median(self) -> float:
        n = len(self._lower) + len(self._upper)
        if n < LEAST_CURVES:
            return math.inf
        return self._upper[0] if n % 2 else (self._upper[0] - self._lower[0]) / 2


def limits(medians: Sequence[float], n_epochs: int, warmup_epochs: int) -> tuple[float, ...]:
    """Return, for each epoch, the validation loss above which a training is pruned.

    Args:
        medians: Medians by epoch of the block that it is compared with, see `Block`.
        n_epochs: Epochs of the training, at least 1.
        warmup_epochs: Number of first epochs after which no training is pruned.

    Returns:
        Shape (n_epochs - 1,): the block's median at that epoch, inf where it has none or it is too
        early. After its last epoch a training is complete.
    """
    return tuple(
        medians[epoch] if warmup_epochs <= epoch < len(medians) else math.inf
        for epoch in range(n_epochs - 1)
    )


def stop_of(curve: Sequence[float], stop_above: Sequence[float]) -> int | None:
    """Return the epoch (from 1) after which a training with this curve is stopped, or None."""
    for epoch, (loss, limit) in enumerate(zip(curve, stop_above, strict=False), start=1):
        if loss > limit:
            return epoch
    return None


def block_start(number: int | None, batch_size: int, first_block: int | None) -> int:
    """Return with how many of a study's first trials a trial is compared.

    Args:
        number: Its number in the sequence; None while it has none.
        batch_size: Of samplers that work in rounds: a trial is compared with all earlier rounds.
        first_block: Of samplers without rounds: later trials are compared with these first ones.
    """
    if first_block is not None:
        return first_block if number is None or number >= first_block else 0
    return 0 if number is None else number // batch_size * batch_size
