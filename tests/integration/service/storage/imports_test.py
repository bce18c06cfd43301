"""Rows of imports: only one that is RUNNING changes, and it ends once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from service import clock
from service.errors import NotFoundError
from service.records import Import
from service.states import ImportState
from service.storage import imports
from service.storage.database import Database


def new(database: Database, key: str | None = None) -> Import:
    with database.write() as session:
        return imports.insert(session, name="x", stage="waiting", workspace="w", key=key)


def test_an_import_advances_and_ends_once(database: Database) -> None:
    found = new(database)
    assert (found.state, found.n_done, found.n_total) == (ImportState.RUNNING, 0, None)
    with database.write() as session:
        assert imports.advance(session, found.id, "reading", 3, 2**40)
        assert imports.get(session, found.id).n_total == 2**40
        assert imports.succeed(session, found.id, 7)
        assert not imports.advance(session, found.id, "reading", 4, 10)
        imports.fail(session, found.id, {"title": "t"})
        imports.lose(session, found.id)
        ended = imports.get(session, found.id)
    assert (ended.state, ended.dataset_id, ended.n_done) == (ImportState.SUCCEEDED, 7, 3)
    assert ended.ended_at is not None
    assert ended.problem is None


def test_running_ones_are_found_by_their_key(database: Database) -> None:
    first, other, last = new(database, "a"), new(database, "b"), new(database, "a")
    with database.write() as session:
        imports.fail(session, first.id, {"title": "t"})
        assert [one.id for one in imports.running(session)] == [other.id, last.id]
        assert [one.id for one in imports.running(session, "a")] == [last.id]
        assert imports.get(session, first.id).problem == {"title": "t"}
        page = imports.page(session, limit=2)
        assert [one.id for one in page] == [last.id, other.id]
        assert [one.id for one in imports.page(session, limit=2, before=other.id)] == [first.id]


def test_ids_of_removed_ones_are_not_given_again(database: Database) -> None:
    found = new(database)
    with database.write() as session:
        imports.remove(session, found.id)
        assert not imports.advance(session, found.id, "reading", 1, 1)
        with pytest.raises(NotFoundError, match=f"no import {found.id}"):
            imports.get(session, found.id)
        with pytest.raises(NotFoundError):
            imports.remove(session, found.id)
    assert new(database).id > found.id


def test_those_that_ended_before_a_time_are_removed(database: Database) -> None:
    running, ended = new(database), new(database)
    with database.write() as session:
        imports.lose(session, ended.id)
        now = clock.now()
        assert not imports.has_ended(session, now - timedelta(days=1))
        imports.remove_ended(session, now - timedelta(days=1))
        assert imports.has_ended(session, now + timedelta(days=1))
        imports.remove_ended(session, now + timedelta(days=1))
        assert [one.id for one in imports.page(session, limit=9)] == [running.id]
