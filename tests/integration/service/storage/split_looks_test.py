"""Looks at test splits: one a job, counted up to a job's own, kept when the job is deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from service.jobs import commands
from service.storage import deletion, split_looks
from service.storage.database import Database
from tests.support.stored_rows import new_job

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_job_counts_those_before_it_on_the_same_split(database: Database) -> None:
    first, second, other, third, never = (new_job(database).id for _ in range(5))
    with database.write() as session:
        split_looks.put(session, first, "digits", NOON)
        split_looks.put(session, second, "digits", NOON)  # at the same time, stored later
        split_looks.put(session, other, "photos", NOON)
        split_looks.put(session, third, "digits", NOON + timedelta(hours=1))
        split_looks.put(session, first, "digits", NOON + timedelta(hours=9))  # it went on
        counts = {
            job_id: split_looks.n_before(session, job_id)
            for job_id in (first, second, other, third, never)
        }
    assert counts == {first: 0, second: 1, other: 0, third: 2, never: None}


def test_the_look_of_a_deleted_job_stays(database: Database) -> None:
    first, second = (new_job(database).id for _ in range(2))
    commands.cancel(database, first)
    with database.write() as session:
        split_looks.put(session, first, "digits", NOON)
        split_looks.put(session, second, "digits", NOON + timedelta(hours=1))
        deletion.mark(session, first)
        assert split_looks.n_before(session, first) is None
    with database.write(follows_references=False) as session:
        while deletion.remove_some(first, session, 10):
            pass
        assert deletion.marked(session) == []
        assert split_looks.n_before(session, second) == 1
