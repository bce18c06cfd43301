"""Looks at test splits: one a job, counted up to a time, kept when the job is deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from service.jobs import commands
from service.storage import deletion, split_looks
from service.storage.database import Database
from tests.support.stored_rows import new_job

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_job_counts_the_others_before_it(database: Database) -> None:
    first, second, third = (new_job(database).id for _ in range(3))
    with database.write() as session:
        for hour, job_id in enumerate((first, second, third)):
            split_looks.put(session, job_id, "digits", NOON + timedelta(hours=hour))
        split_looks.put(session, first, "digits", NOON + timedelta(hours=9))  # it went on
        counts = [
            split_looks.count_before(session, job_id, "digits", NOON + timedelta(hours=hour))
            for hour, job_id in enumerate((first, second, third))
        ]
        other = split_looks.count_before(session, third, "photos", NOON + timedelta(hours=5))
    assert counts == [0, 1, 2]
    assert other == 0


def test_the_look_of_a_deleted_job_stays(database: Database) -> None:
    first, second = (new_job(database).id for _ in range(2))
    commands.cancel(database, first)
    with database.write() as session:
        split_looks.put(session, first, "digits", NOON)
        deletion.mark(session, first)
    with database.write(follows_references=False) as session:
        while deletion.remove_some(first, session, 10):
            pass
        assert deletion.marked(session) == []
        assert split_looks.count_before(session, second, "digits", NOON) == 1
