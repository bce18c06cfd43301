"""A SQLite file that could not be written for a while."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import suppress
from subprocess import PIPE, Popen
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from service.jobs import commands
from service.storage.database import Database
from tests.support.stored_specs import SPEC


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
