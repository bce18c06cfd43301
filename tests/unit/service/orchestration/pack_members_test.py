"""Trials are shared out among workers: by what a pack allows, its width, and who failed before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from service import clock
from service.orchestration.pack_members import Packing
from service.records import Trial
from service.states import Phase, TrialState

TASK: dict[str, Any] = {
    "task": {"kind": "classification"}, "network": {"kind": "vgg"}, "seed": 1, "packed": True,
    "training": {"batch_size": 8, "epochs": 2, "lr": 0.1}, "split": "validation",
}  # fmt: skip


def trials(n: int, **changes: Any) -> Iterator[Trial]:
    for i in range(n):
        yield Trial(
            id=i, job_id=1, study_id=1, phase=Phase.SEARCH, number=i, state=TrialState.WAITING,
            certainty="certain", point=[], params={}, digest=str(i),
            payload=TASK | {"phi": [float(i)]} | changes, seed=1, value=None, is_diverged=False,
            metrics=None, curve=None, learned=None, training_s=None, cached_from=None,
            n_attempts=0, error=None, queued_at=clock.now(), started_at=None, finished_at=None,
        )  # fmt: skip


def sizes(packing: Packing) -> list[int]:
    return [len(pack) for pack in packing.packs]


@pytest.mark.parametrize(
    ("n_workers", "width", "n_waiting", "expected"),
    [
        (2, 4, 60, [4, 4]),
        (2, 8, 6, [3, 3]),  # no worker idles while another trains a wide pack
        (1, 8, 3, [3]),  # what is there does not wait for a full pack
        (3, 4, 2, [1, 1]),
        (2, 1, 9, [1, 1]),
    ],
)
def test_packs_are_as_wide_as_allowed_and_leave_no_worker_idle(
    n_workers: int, width: int, n_waiting: int, expected: list[int]
) -> None:
    packing = Packing(n_workers, width, n_waiting)
    taken = [packing.add(trial) for trial in trials(n_waiting)]
    assert sizes(packing) == expected
    assert sum(taken) == sum(expected)
    assert not packing.has_room or sum(expected) == n_waiting


def test_trainings_that_no_pack_allows_have_a_worker_each() -> None:
    packing = Packing(4, 4, 99)
    (learned,) = trials(1, gradient={"family": "full"})
    (other,) = trials(1, seed=2)
    ordinary = list(trials(3))
    for trial in (learned, ordinary[0], other, *ordinary[1:]):
        assert packing.add(trial)
    assert sizes(packing) == [1, 3, 1]


def test_a_trial_that_failed_before_is_alone() -> None:
    packing = Packing(2, 4, 99)
    first, second, third = trials(3)
    assert packing.add(first)
    assert packing.add(replace(second, error={"detail": "the worker process died"}))
    assert packing.add(third)
    assert [[trial.id for trial in pack] for pack in packing.packs] == [[0, 2], [1]]
