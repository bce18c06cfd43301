"""Where the trials of checkpoints stand: open, ended with their job, or still to be promoted."""

from __future__ import annotations

from typing import Any

import pytest

from service.jobs import commands
from service.records import Job
from service.states import JobState, Phase, TrialState
from service.storage import checkpoints, deletion, jobs, studies, trials
from service.storage.checkpoints import TrialStanding
from service.storage.database import Database
from service.validation import parse
from tests.support.jobs import training_job
from tests.support.stored_rows import trial_rows

PROMOTING = training_job(
    samplers=["random"],
    controls=[],
    training={"epochs": 4},
    budget={"n_trials": 9},
    fidelity={"search_fraction": 0.5, "promote": 2},
)


@pytest.fixture
def job(sqlite_database: Database) -> Job:
    return commands.submit(sqlite_database, parse.parse(PROMOTING))[0]


def insert(database: Database, job: Job, *changes: dict[str, Any]) -> list[int]:
    rows = trial_rows(database, job, len(changes))
    with database.write() as session:
        found = trials.insert_all(session, [r | c for r, c in zip(rows, changes, strict=True)])
    return [trial.id for trial in found]


def standings(database: Database, ids: list[int]) -> list[TrialStanding]:
    with database.read() as session:
        found = checkpoints.standings(session, [*ids, 10**6])
    return [found[trial_id] for trial_id in ids if trial_id in found]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((3.0, 1.0, 2.0), [False, True, True]),
        ((1.0, 2.0, 2.0), [True, True, True]),  # either of the equal ones may be the second
    ],
)
def test_as_many_of_the_best_as_are_promoted_may_be(
    sqlite_database: Database, job: Job, values: tuple[float, ...], expected: list[bool]
) -> None:
    better: list[dict[str, Any]] = [
        {"value": 0.1, "is_diverged": True},
        {"value": 0.1, "number": None},  # run ahead
        {"value": 0.1, "state": TrialState.PRUNED},
        {"value": 0.1, "phase": Phase.PROMOTION},
    ]
    ids = insert(sqlite_database, job, *({"value": value} for value in values), *better)
    found = standings(sqlite_database, ids)
    assert [each.may_be_promoted for each in found[:3]] == expected
    assert [each.may_be_promoted for each in found[5:]] == [False, False]
    assert not any(each.is_open or each.is_over for each in found)


def test_what_has_not_ended_is_open(sqlite_database: Database, job: Job) -> None:
    states = [TrialState.WAITING, TrialState.RUNNING, TrialState.FAILED]
    ids = insert(sqlite_database, job, *({"state": state, "value": None} for state in states))
    found = standings(sqlite_database, ids)
    assert [each.is_open for each in found] == [True, True, False]
    assert [each.digest for each in found] == [f"{number:064x}" for number in range(3)]


def test_no_more_are_promoted_once_the_job_is_evaluated_and_none_after_its_end(
    sqlite_database: Database, job: Job
) -> None:
    ids = insert(sqlite_database, job, {"value": 1.0})
    seen = []
    for state in (JobState.RUNNING, JobState.EVALUATING, JobState.SUCCEEDED):
        with sqlite_database.write() as session:
            jobs.set_state(session, job.id, state)
        (found,) = standings(sqlite_database, ids)
        seen.append((found.may_be_promoted, found.is_over))
    assert seen == [(True, False), (False, False), (True, True)]


def test_trials_of_deleted_jobs_are_unknown(sqlite_database: Database, job: Job) -> None:
    ids = insert(sqlite_database, job, {"value": 1.0})
    commands.cancel(sqlite_database, job.id)
    with sqlite_database.write() as session:
        assert studies.of_job(session, job.id)
        deletion.mark(session, job.id)
    assert standings(sqlite_database, ids) == []
