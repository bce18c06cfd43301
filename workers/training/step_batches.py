"""Batches of a training whose length is given in steps: a function of its seed and the step.

The data are passed over again and again, each pass in an order of its own, whatever the epochs of
the training are: these are parts of its steps, at which it is judged. Each pass is drawn from
generators of its own, so that a training that continues finds its next batch without the states of
earlier ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import torch

from densearch import seeds
from densearch.plugins.objective import Batch, Objective
from workers.training.generators import generators_of
from workers.training.task import TrainingTask


class StepBatches:
    """The batches of one training, by the number of its step."""

    def __init__(self, objective: Objective, task: TrainingTask) -> None:
        """Take what draws the batches.

        Args:
            objective: Keeps no state between batches.
            task: Its seed, batch size and device count.
        """
        self._objective, self._task = objective, task
        self._drawn: Iterator[Batch] = iter(())
        self._next: int | None = None

    def until(self, end: int, first: int) -> Iterator[Batch]:
        """Yield the batches of the steps from `first` to below `end`, counted from 0.

        Steps that follow those yielded last are drawn without a new beginning.
        """
        if self._next != first:
            self._drawn, self._next = self._from(first), first
        for step in range(first, end):
            batch = next(self._drawn)
            self._next = step + 1
            yield batch

    def _from(self, first: int) -> Iterator[Batch]:
        batch_size = self._task.settings.batch_size
        n_batches = self._objective.n_batches(batch_size)
        for number in count(first // n_batches):
            seed = seeds.derive(self._task.seed, "pass", number)
            generators = generators_of(seed, torch.device(self._task.device))
            used = max(first - number * n_batches, 0)
            yield from self._objective.batches_from(used, batch_size, generators)
