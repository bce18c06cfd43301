"""Transactions on both databases; a SQLite file that is full or was read-only for a while."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from service.jobs import commands
from service.storage import events, job_pages, trials
from service.storage import jobs as job_queries
from service.storage.database import Database
from tests.support.stored_rows import new_job, trial_rows
from tests.support.stored_specs import SPEC


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    with contextlib.suppress(ZeroDivisionError), database.write() as session:
        job_queries.insert_all(session, [{"name": "half"}])
        _ = 1 / 0
    with database.read() as session:
        assert job_pages.page(session, limit=10) == []


def test_writers_on_sqlite_take_turns(sqlite_database: Database) -> None:
    """Reading before writing loses no update: BEGIN IMMEDIATE."""
    job = new_job(sqlite_database)

    def toggle() -> None:
        for _ in range(20):
            with sqlite_database.write() as session:
                found = job_queries.lock(session, job.id)
                events.add(session, job.id, "count", {"seen": found.lease_fence})
                session.execute(sa.text("UPDATE jobs SET lease_fence = lease_fence + 1"))

    threads = [threading.Thread(target=toggle) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with sqlite_database.read() as session:
        assert job_queries.get(session, job.id).lease_fence == 80
        seen = [e.data["seen"] for e in events.after(session, job.id, 0, 200) if e.kind == "count"]
    assert seen == list(range(80))


def test_a_full_disk_loses_nothing(sqlite_template: Path, tmp_path: Path) -> None:
    path = tmp_path / "small.sqlite3"
    path.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{path}")
    job = new_job(database)
    with database.engine.connect() as connection:
        n_pages = connection.execute(sa.text("PRAGMA page_count")).scalar_one()
    sa.event.listen(
        database.engine,
        "checkout",
        lambda dbapi, *_: dbapi.execute(f"PRAGMA max_page_count={n_pages}"),
    )
    with pytest.raises(sa.exc.OperationalError, match="full"), database.write() as session:
        trials.insert_all(session, trial_rows(database, job, 5000))
    with database.read() as session:
        assert trials.page(session, job.id, limit=10) == []
    database.close()


def test_sqlite_waits_for_the_disk_where_it_is_told_to(sqlite_database: Database) -> None:
    def level(*, is_durable: bool) -> int:
        with sqlite_database.write(is_durable=is_durable) as session:
            found: int = session.execute(sa.text("PRAGMA synchronous")).scalar_one()
            return found

    # On one connection. https://sqlite.org/pragma.html#pragma_synchronous: 1 NORMAL, 2 FULL.
    assert [level(is_durable=is_durable) for is_durable in (False, True, False)] == [1, 2, 1]


@pytest.fixture
def disk(sqlite_database: Database) -> Iterator[dict[str, bool]]:
    """Whether connections are opened as on a disk that cannot be written."""
    state = {"is_read_only": True}

    def connect(*_: Any) -> sqlite3.Connection | None:
        if not state["is_read_only"]:
            return None  # as always
        # The memory of the WAL, too, is opened for reading, and shared within the process.
        address = f"file:{sqlite_database.url.database}?mode=ro&readonly_shm=1"
        return sqlite3.connect(address, uri=True, check_same_thread=False)

    # Another process holds the file open, as its dispatcher does.
    code = f"import sqlite3, sys; c = sqlite3.connect({sqlite_database.url.database!r});"
    code += "c.execute('SELECT * FROM jobs').fetchall(); print(1, flush=True); sys.stdin.read()"
    sqlite_database.engine.dispose()
    with Popen([sys.executable, "-c", code], stdin=PIPE, stdout=PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        event.listen(sqlite_database.engine, "do_connect", connect)
        yield state
        other.communicate()


def test_all_connections_of_a_read_only_disk_are_left_at_once(
    sqlite_database: Database, disk: dict[str, bool]
) -> None:
    connections = [sqlite_database.engine.connect() for _ in range(3)]
    for connection in connections:
        connection.exec_driver_sql("SELECT count(*) FROM jobs")
        connection.close()
    with pytest.raises(OperationalError, match="readonly"):
        sqlite_database.check_writable()
    disk["is_read_only"] = False
    sqlite_database.check_writable()
    commands.submit(sqlite_database, SPEC)


def test_one_that_was_in_use_is_left_the_next_time(
    sqlite_database: Database, disk: dict[str, bool]
) -> None:
    with sqlite_database.engine.connect() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM jobs")
        with pytest.raises(OperationalError, match="readonly"):
            sqlite_database.check_writable()
        disk["is_read_only"] = False
    with suppress(OperationalError):
        sqlite_database.check_writable()
    sqlite_database.check_writable()
    commands.submit(sqlite_database, SPEC)


def test_a_database_that_takes_writes_is_writable(database: Database, tmp_path: Path) -> None:
    before = sorted(path.name for path in tmp_path.iterdir())
    database.check_writable()
    assert sorted(path.name for path in tmp_path.iterdir() if path.name in before) == before


def test_what_any_connection_writes_changes_the_mark_of_a_file(sqlite_database: Database) -> None:
    other = Database(sqlite_database.url.render_as_string())
    commands.submit(sqlite_database, SPEC)
    deadline = time.monotonic() + 30
    while sqlite_database.written_at() != sqlite_database.written_at():  # just written
        assert time.monotonic() < deadline
    marks = [sqlite_database.written_at()]
    with other.read() as session:
        session.execute(text("SELECT count(*) FROM jobs")).all()
    assert sqlite_database.written_at() == marks[0]
    for database in (other, sqlite_database):
        commands.submit(database, SPEC)
        marks.append(sqlite_database.written_at())
    assert None not in marks
    assert len(set(marks)) == 3
    # A second write in the same tick of the clock would not show otherwise.
    assert sqlite_database.written_at() != sqlite_database.written_at()
    other.close()


def test_only_a_query_knows_what_others_write_elsewhere(postgresql_database: Database) -> None:
    assert postgresql_database.written_at() is None
    in_memory = Database("sqlite://")
    assert in_memory.written_at() is None
    in_memory.close()
