"""Stored data sets: rows, pages, and the jobs that need them."""

from __future__ import annotations

from typing import Any

import pytest

from service.errors import NotFoundError
from service.records import Dataset
from service.states import JobState
from service.storage import datasets, jobs
from service.storage.database import Database


def inserted(database: Database, **changes: Any) -> Dataset:
    values: dict[str, Any] = {
        "name": "pets", "sha256": "a" * 64, "kind": "labelled", "format": "zip",
        "n_samples": 10, "n_bytes": 100, "details": {"manifest": {}},
    }  # fmt: skip
    with database.write() as session:
        return datasets.insert(session, **values | changes)


def test_a_set_is_found_by_its_id_until_it_is_deleted(database: Database) -> None:
    found = inserted(database)
    with database.write() as session:
        datasets.lock(session)
        assert datasets.get(session, found.id) == found
        assert datasets.hold(session, found.id) == datasets.take(session, found.id) == found
        datasets.delete(session, found.id)
        for read in (datasets.get, datasets.hold, datasets.take):
            with pytest.raises(NotFoundError, match=f"no data set {found.id}"):
                read(session, found.id)


def test_an_id_is_never_given_again(sqlite_database: Database) -> None:
    first = inserted(sqlite_database)
    with sqlite_database.write() as session:
        datasets.delete(session, first.id)
    assert inserted(sqlite_database).id > first.id


def test_a_content_is_kept_as_long_as_any_set_has_it(sqlite_database: Database) -> None:
    first, second = inserted(sqlite_database), inserted(sqlite_database, name="again")
    with sqlite_database.write() as session:
        datasets.delete(session, first.id)
        assert datasets.is_kept(session, "a" * 64)
        datasets.delete(session, second.id)
        assert not datasets.is_kept(session, "a" * 64)


def test_pages_go_from_the_newest_to_the_oldest(sqlite_database: Database) -> None:
    ids = [inserted(sqlite_database, name=f"set {number}").id for number in range(5)]
    with sqlite_database.read() as session:
        first = datasets.page(session, limit=2)
        rest = datasets.page(session, limit=9, before=first[-1].id)
    assert [found.id for found in (*first, *rest)] == ids[::-1]


def test_a_set_is_used_by_the_unfinished_jobs_that_name_it(database: Database) -> None:
    with database.write() as session:
        names = ("stored:12", "stored:1", "stored:12", "digits")
        made = jobs.insert_all(
            session, [{"name": "j", "task": {"dataset": name}} for name in names]
        )
        (function,) = jobs.insert_all(session, [{"name": "f", "task": {"kind": "function"}}])
        assert datasets.users_of(session, 12) == [made[0].id, made[2].id]
        jobs.set_state(session, made[0].id, JobState.CANCELLED)
        jobs.set_state(session, made[2].id, JobState.PAUSED)
        assert datasets.users_of(session, 12) == [made[2].id]
        assert datasets.users_of(session, function.id + 100) == []
