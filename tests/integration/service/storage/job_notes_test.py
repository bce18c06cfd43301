"""Tags and notes of jobs."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from service.errors import NotFoundError
from service.states import JobState
from service.storage import deletion, job_notes, jobs
from service.storage.database import Database

pytestmark = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


def new(database: Database) -> int:
    with database.write() as session:
        return jobs.insert_all(session, [{"name": "a"}])[0].id


def test_tags_are_replaced_and_each_is_kept_once(database: Database) -> None:
    first, second = new(database), new(database)
    with database.write() as session:
        job_notes.set_tags(session, first, ["b", "a", "b"])
        job_notes.set_tags(session, second, ["c"])
        assert job_notes.tags_of(session, [first, second]) == {first: ["a", "b"], second: ["c"]}
        assert job_notes.known_tags(session, 2) == ["a", "b"]
        job_notes.set_tags(session, first, [])
        assert job_notes.tags_of(session, [first]) == {first: []}


def test_a_note_is_replaced(database: Database) -> None:
    job_id = new(database)
    for note in ("one\ntwo \N{GRINNING FACE}", ""):
        with database.write() as session:
            job_notes.set_note(session, job_id, note)
            assert jobs.get(session, job_id).note == note


def test_nothing_of_a_deleted_job_is_left(database: Database) -> None:
    job_id = new(database)
    with database.write() as session:
        job_notes.set_tags(session, job_id, ["a"])
        job_notes.set_note(session, job_id, "private")
        jobs.set_state(session, job_id, JobState.CANCELLED)
    with database.write() as session:
        deletion.mark(session, job_id)
        assert job_notes.known_tags(session, 9) == []
        assert session.scalars(text("SELECT note FROM jobs")).all() == [""]
        with pytest.raises(NotFoundError):
            job_notes.set_note(session, job_id, "again")
        with pytest.raises(NotFoundError):
            job_notes.set_tags(session, job_id, [])
