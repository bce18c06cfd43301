"""The evaluation: the best of each study with fresh seeds on the test split."""

from __future__ import annotations

import pytest

from service.jobs import leases
from service.orchestration import issue
from service.states import JobState
from service.storage.database import Database
from tests.support.jobs import run_whole, submit, training_job
from tests.support.simulation import Simulation, counted_trials, forget


def test_evaluations_that_were_issued_in_part_are_completed_by_the_next_dispatcher(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issue, "MOST_AT_ONCE", 1)
    body = training_job(samplers=["random"])
    whole = run_whole(sqlite_database, body)
    expected = counted_trials(sqlite_database, whole)
    forget(sqlite_database, whole)
    job_id = submit(sqlite_database, body)
    first = Simulation(sqlite_database)
    (run,) = first.take()
    while run.log.n_evaluations < 2:
        first.step(run, [first.finish_one()] if first.hand else [])
    leases.resign(sqlite_database, first.me)
    second = Simulation(sqlite_database)
    (run,) = second.take()
    assert run.log.n_evaluations == 2
    assert second.run(run).state is JobState.SUCCEEDED
    assert counted_trials(sqlite_database, job_id) == expected
