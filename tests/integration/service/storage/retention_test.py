"""Expendable rows of old jobs: which they are, and that the last word of a job stays."""

from __future__ import annotations

from datetime import timedelta

import pytest

from service.jobs import commands
from service.records import Job
from service.states import JobState, Phase
from service.storage import events, retention, trials
from service.storage.database import Database
from service.validation import parse
from tests.support.jobs import function_job
from tests.support.stepped_clock import SteppedClock
from tests.support.stored_rows import new_job, trial_rows


@pytest.fixture
def ended(sqlite_database: Database, stepped: SteppedClock) -> Job:
    """A job that ended a day ago, with three events after its last state."""
    job = new_job(sqlite_database)
    commands.pause(sqlite_database, job.id)
    job = commands.cancel(sqlite_database, job.id)
    with sqlite_database.write() as session:
        events.add_all(session, job.id, [("trial", {"n": n}) for n in range(3)])
    stepped.step(24 * 3600.0)
    return job


def kinds(database: Database, job: Job) -> list[str]:
    with database.read() as session:
        found = events.after(session, job.id, 0, 99)
    return [str(event.data.get("state", event.kind)) for event in found]


def test_events_go_from_the_oldest_up_to_the_last_state(
    sqlite_database: Database, ended: Job, stepped: SteppedClock
) -> None:
    with sqlite_database.write() as session:
        assert retention.prunable(session, stepped.now) == [ended.id]
        assert retention.remove_events(session, ended.id, 1) == 1
    assert kinds(sqlite_database, ended) == ["PAUSED", "CANCELLED", "trial", "trial", "trial"]
    with sqlite_database.write() as session:
        assert retention.remove_events(session, ended.id, 99) == 1
        assert retention.remove_events(session, ended.id, 99) == 0
        assert retention.prunable(session, stepped.now) == []
    assert kinds(sqlite_database, ended) == ["CANCELLED", "trial", "trial", "trial"]


def test_only_jobs_that_ended_before_the_time_are_held(
    sqlite_database: Database, ended: Job, stepped: SteppedClock
) -> None:
    unfinished = new_job(sqlite_database)
    with sqlite_database.write() as session:
        assert retention.hold(session, ended.id, stepped.now)
        assert not retention.hold(session, ended.id, ended.created_at - timedelta(seconds=1))
        assert not retention.hold(session, unfinished.id, stepped.now)
        assert retention.prunable(session, ended.created_at) == []


def test_trials_come_by_phase_and_id(sqlite_database: Database) -> None:
    job = new_job(sqlite_database)
    rows = trial_rows(sqlite_database, job, 4)
    rows[1]["phase"] = Phase.EVALUATION
    with sqlite_database.write() as session:
        ids = [trial.id for trial in trials.insert_all(session, rows)]
        assert retention.next_trials(session, job.id, Phase.SEARCH, 0, 2) == [ids[0], ids[2]]
        assert retention.next_trials(session, job.id, Phase.SEARCH, ids[2], 2) == [ids[3]]
        assert retention.next_trials(session, job.id, Phase.SEARCH, ids[3], 2) == []
        assert retention.next_trials(session, job.id, Phase.EVALUATION, 0, 2) == [ids[1]]


def test_keys_go_with_their_jobs_in_parts(
    sqlite_database: Database, stepped: SteppedClock
) -> None:
    made = [
        commands.submit(sqlite_database, parse.parse(function_job(seed=seed)), f"key {seed}")[0]
        for seed in range(3)
    ]
    for job in made[:2]:
        assert commands.cancel(sqlite_database, job.id).state is JobState.CANCELLED
    stepped.step(1.0)
    with sqlite_database.write() as session:
        assert retention.count(session, stepped.now).idempotency_keys == 2
        removed = [retention.remove_keys(session, stepped.now, 1) for _ in range(3)]
    assert removed == [1, 1, 0]
