"""Events of a job: complete and in order."""

from __future__ import annotations

from service.jobs import commands
from service.states import JobState
from service.storage import events, jobs
from service.storage.database import Database
from tests.support.stored_rows import new_job


def test_events_follow_each_other(database: Database) -> None:
    job = new_job(database)
    commands.pause(database, job.id)
    commands.resume(database, job.id)
    with database.read() as session:
        found = events.after(session, job.id, 0, 10)
        assert events.last_id(session, job.id) == found[-1].id
    assert [event.data["state"] for event in found] == ["QUEUED", "PAUSED", "RUNNING"]
    assert [event.id for event in found] == sorted(event.id for event in found)


def test_a_job_that_was_queued_again_waits_since_then(database: Database) -> None:
    with database.read() as session:
        assert events.queued_at(session) is None
    first = new_job(database)
    commands.pause(database, first.id)
    second = new_job(database)
    with database.write() as session:
        jobs.set_state(session, second.id, JobState.FAILED)
        again = jobs.reopen(session, second.id)
    with database.read() as session:
        since = events.queued_at(session)
    assert since is not None
    assert since > again.created_at
    commands.resume(database, first.id)  # it is RUNNING now
    with database.read() as session:
        assert events.queued_at(session) == since
