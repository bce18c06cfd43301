"""The sums of an epoch's losses, of all runs that are trained together."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from workers.training.judging import CandidateRun
from workers.training.task import Status


class Totals:
    """Sums the losses of several runs in one tensor.

    Args:
        runs: Their totals so far are taken over, and are parts of that tensor from now on.
    """

    def __init__(self, runs: Sequence[CandidateRun]) -> None:
        self._runs = runs
        self._sums = torch.stack([run.total for run in runs])
        for run, own in zip(runs, self._sums.unbind(), strict=True):
            run.total = own

    def add(self, losses: Tensor, n_samples: int, *, is_looked_at: bool) -> None:
        """Take in a batch's mean losses, (n,); end those runs whose sum is found not finite.

        Args:
            losses: In the order of the runs.
            n_samples: Of the batch.
            is_looked_at: Whether to read the sums back, for which a GPU has to be waited for.
        """
        self._sums.add_(losses, alpha=n_samples)  # in float64, as it is the wider one
        for run in self._runs:
            run.n_samples += n_samples
        if is_looked_at:
            for run, total in zip(self._runs, self._sums.tolist(), strict=True):
                if not math.isfinite(total):
                    run.end(Status.DIVERGED)
        if any(run.first_loss is None for run in self._runs):
            self._keep_first(losses)

    def _keep_first(self, losses: Tensor) -> None:
        for run, loss in zip(self._runs, losses.tolist(), strict=True):
            if run.first_loss is None and run.outcome is None:
                run.first_loss = loss
