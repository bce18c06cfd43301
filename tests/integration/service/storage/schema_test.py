"""The schema: what the migrations build, and several processes that upgrade it at once."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from service.errors import DatabaseBusyError, NotFoundError, SchemaError
from service.storage import backups, migration, schema
from service.storage import database as storage
from service.storage import jobs as job_queries
from service.storage.database import Database
from service.storage.tables import METADATA
from tests.support import filling
from tests.support.stored_rows import new_job

N = 10


def upgrades(database: Database) -> list[schema.Migrated]:
    """Upgrade from N threads with an engine each, as processes would: all start together."""
    url, together = database.url.render_as_string(hide_password=False), threading.Barrier(N)

    def one(_: int) -> schema.Migrated:
        mine = Database(url)
        together.wait()
        with contextlib.closing(mine):
            return schema.upgrade(mine)

    with ThreadPoolExecutor(N) as pool:
        return list(pool.map(one, range(N)))


def test_one_upgrades_and_the_others_find_it_done(
    first: tuple[Database, filling.Contents], monkeypatch: pytest.MonkeyPatch
) -> None:
    database, before = first
    # Each reads the old revision before any of them has the lock.
    monkeypatch.setattr(schema, "current", lambda _database: "0001")
    done = upgrades(database)
    monkeypatch.undo()
    assert sorted(str(one.before) for one in done) == ["0001", *[schema.head()] * (N - 1)]
    assert {one.after for one in done} == {schema.head()}
    kept, found = filling.common(before, filling.contents(database))
    assert kept == found
    if database.is_sqlite:
        assert len(backups.of(Path(str(database.url.database)))) == 1


def test_an_empty_database_is_made_once(database: Database) -> None:
    schema.downgrade(database, "base")
    done = upgrades(database)
    assert {one.after for one in done} == {schema.head()}
    schema.check(database)


def test_who_waits_too_long_is_told(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "BUSY_TIMEOUT_MS", 20)  # of each look, half a minute
    other = Database(database.url.render_as_string(hide_password=False))
    with (
        contextlib.closing(other),
        migration.transaction(database),
        pytest.raises(DatabaseBusyError, match="end the servers"),
        migration.transaction(other, patience_s=0.2),
    ):
        pass
    with migration.transaction(database):
        pass


def test_the_tables_are_what_the_migrations_build(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, METADATA) == []


def test_down_to_nothing_and_up_again(database: Database) -> None:
    job = new_job(database)
    schema.downgrade(database, "base")
    assert schema.current(database) is None
    with pytest.raises(SchemaError, match="densearch db upgrade"):
        schema.check(database)
    schema.upgrade(database)
    schema.check(database)
    with database.read() as session, pytest.raises(NotFoundError):
        job_queries.get(session, job.id)
