"""Stored jobs: pages, states and their events, time at work, leases with their fence."""

from __future__ import annotations

from datetime import timedelta

import pytest

from service.errors import IllegalTransitionError, LeaseLostError, NotFoundError
from service.records import Job
from service.states import JobState
from service.storage import deletion, events, jobs
from service.storage.database import Database
from tests.support.stepped_clock import SteppedClock


def new(database: Database, name: str = "a") -> Job:
    with database.write() as session:
        return jobs.insert_all(session, [{"name": name}])[0]


def moved(database: Database, job: Job, *states: JobState) -> Job:
    for state in states:
        with database.write() as session:
            job = jobs.set_state(session, job.id, state)
    return job


def test_a_deleted_job_is_not_found(sqlite_database: Database) -> None:
    gone = moved(sqlite_database, new(sqlite_database), JobState.CANCELLED)
    with sqlite_database.write() as session:
        deletion.mark(session, gone.id)
        for read in (jobs.get, jobs.lock):
            with pytest.raises(NotFoundError):
                read(session, gone.id)


def test_a_move_notes_its_times_and_announces_itself(
    sqlite_database: Database, stepped: SteppedClock
) -> None:
    job = new(sqlite_database)
    stepped.step(1.0)
    started = moved(sqlite_database, job, JobState.RUNNING)
    stepped.step(10.0)
    ended = moved(sqlite_database, job, JobState.EVALUATING, JobState.SUCCEEDED)
    assert started.started_at == ended.started_at == job.created_at + timedelta(seconds=1)
    assert ended.finished_at == stepped.now
    with sqlite_database.read() as session:
        told = [(e.kind, e.data["state"]) for e in events.after(session, job.id, 0, 9)]
    assert told == [("job", "RUNNING"), ("job", "EVALUATING"), ("job", "SUCCEEDED")]


def test_an_illegal_move_announces_nothing(sqlite_database: Database) -> None:
    job = moved(sqlite_database, new(sqlite_database), JobState.CANCELLED)
    with (
        pytest.raises(IllegalTransitionError),
        sqlite_database.write() as session,
    ):
        jobs.set_state(session, job.id, JobState.RUNNING)
    with sqlite_database.read() as session:
        assert len(events.after(session, job.id, 0, 9)) == 1


def test_only_work_counts_and_a_clock_that_steps_back_takes_nothing_away(
    sqlite_database: Database, stepped: SteppedClock
) -> None:
    job = moved(sqlite_database, new(sqlite_database), JobState.RUNNING)
    stepped.step(10.0)
    moved(sqlite_database, job, JobState.PAUSED)
    stepped.step(1000.0)
    moved(sqlite_database, job, JobState.RUNNING)
    stepped.step(-50.0)
    job = moved(sqlite_database, job, JobState.EVALUATING)
    stepped.step(5.0)
    with sqlite_database.read() as session:
        assert jobs.time_at_work(session, job.id) == (10.0, job.working_since)
    ended = moved(sqlite_database, job, JobState.SUCCEEDED)
    assert (ended.worked_s, ended.working_since) == (15.0, None)


def test_a_reason_to_wait_is_announced_when_it_changes(sqlite_database: Database) -> None:
    job = new(sqlite_database)
    for reason in ("no workers", "no workers", None, None):
        with sqlite_database.write() as session:
            assert jobs.set_waits_for(session, job.id, reason).waits_for == reason
    with sqlite_database.read() as session:
        told = [event.data["waits_for"] for event in events.after(session, job.id, 0, 9)]
    assert told == ["no workers", None]


def test_each_claim_raises_the_fence_and_shuts_the_last_owner_out(
    sqlite_database: Database,
) -> None:
    new(sqlite_database)
    with sqlite_database.write() as session:
        (first,) = jobs.claim(session, "first", 60.0)
        assert jobs.claim(session, "second", 60.0) == []  # it is held
        (standing,) = jobs.standings(session)
        assert (standing.lease_owner, standing.is_claimable) == ("first", False)
    with sqlite_database.write() as session:
        jobs.release(session, "first")
        (second,) = jobs.claim(session, "second", 60.0)
    assert second.lease_fence == first.lease_fence + 1
    with sqlite_database.write() as session:
        assert jobs.lock_leased(session, second).state is JobState.QUEUED
        with pytest.raises(LeaseLostError):
            jobs.lock_leased(session, first)
        assert jobs.held(session, "first") == []
        assert jobs.held(session, "second") == [second.id]


def test_a_lease_ends_unless_it_is_renewed(
    sqlite_database: Database, stepped: SteppedClock
) -> None:
    new(sqlite_database)
    with sqlite_database.write() as session:
        jobs.claim(session, "first", 10.0)
    stepped.step(9.0)
    with sqlite_database.write() as session:
        jobs.renew(session, "first", stepped.now + timedelta(seconds=10))
    stepped.step(9.0)
    with sqlite_database.write() as session:
        assert jobs.claim(session, "second", 10.0) == []
    stepped.step(2.0)
    with sqlite_database.write() as session:
        (standing,) = jobs.standings(session)
        assert standing.is_claimable
        assert len(jobs.claim(session, "second", 10.0)) == 1


def test_a_reopened_job_has_no_report_and_no_owner(sqlite_database: Database) -> None:
    job = new(sqlite_database)
    moved(sqlite_database, job, JobState.RUNNING)
    with sqlite_database.write() as session:
        jobs.claim(session, "first", 60.0)
        jobs.set_state(session, job.id, JobState.SUCCEEDED, report={"verdict": "good"})
    with sqlite_database.write() as session:
        again = jobs.reopen(session, job.id)
        assert (again.state, again.report, again.finished_at) == (JobState.QUEUED, None, None)
        assert again.lease_owner is None
