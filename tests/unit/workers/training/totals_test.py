"""Sums of losses: by sample, in float64, and what is not finite ends its run alone."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from workers.training.task import Status
from workers.training.totals import Totals


class Run:
    """What a run has of an epoch's losses."""

    def __init__(self, total: float = 0.0, first_loss: float | None = None) -> None:
        self.total = torch.tensor(total, dtype=torch.float64)
        self.n_samples, self.first_loss = 0, first_loss
        self.ended: list[Status] = []

    @property
    def outcome(self) -> Status | None:
        return self.ended[-1] if self.ended else None

    def end(self, status: Status) -> None:
        self.ended.append(status)


def totals_of(*runs: Any) -> Totals:
    return Totals(runs)


def test_a_mean_counts_as_often_as_its_batch_has_samples() -> None:
    one, other = Run(), Run(10.0, first_loss=1.0)
    totals = totals_of(one, other)
    totals.add(torch.tensor([2.0, 0.5]), 4, is_looked_at=False)
    totals.add(torch.tensor([8.0, 1.5]), 1, is_looked_at=False)
    assert [float(one.total), float(other.total)] == [16.0, 13.5]
    assert [one.n_samples, other.n_samples] == [5, 5]
    assert [one.first_loss, other.first_loss] == [2.0, 1.0]  # that of a checkpoint stays


def test_small_losses_are_not_lost_in_a_large_sum() -> None:
    run = Run()
    totals = totals_of(run)
    totals.add(torch.tensor([2.0**24]), 1, is_looked_at=False)
    for _ in range(4):
        totals.add(torch.tensor([0.25]), 1, is_looked_at=False)
    assert float(run.total) == 2.0**24 + 1  # in float32 each would be rounded away


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_not_finite_ends_its_run_when_it_is_looked_at(loss: float) -> None:
    one, other = Run(), Run()
    totals = totals_of(one, other)
    totals.add(torch.tensor([loss, 1.0]), 2, is_looked_at=False)
    totals.add(torch.tensor([1.0, 1.0]), 2, is_looked_at=False)
    assert [run.ended for run in (one, other)] == [[], []]
    totals.add(torch.tensor([1.0, 1.0]), 2, is_looked_at=True)
    assert [run.ended for run in (one, other)] == [[Status.DIVERGED], []]


def test_a_run_that_ends_at_its_first_batch_has_no_first_loss() -> None:
    one, other = Run(), Run()
    totals_of(one, other).add(torch.tensor([math.nan, 3.0]), 1, is_looked_at=True)
    assert (one.first_loss, other.first_loss) == (None, 3.0)
