"""Events of a job: complete and in order."""

from __future__ import annotations

from service.jobs import commands
from service.storage import events
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
