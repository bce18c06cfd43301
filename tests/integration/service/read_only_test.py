"""A SQLite file that could not be written for a while."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from service import jobs
from service.storage.database import Database
from tests.integration.service.storage_test import SPEC


def test_connections_opened_on_a_read_only_disk_are_left_once_it_takes_writes(
    sqlite_database: Database,
) -> None:
    is_read_only = True

    def connect(*_: Any) -> sqlite3.Connection | None:
        if not is_read_only:
            return None  # as always
        address = f"file:{sqlite_database.url.database}?mode=ro"
        return sqlite3.connect(address, uri=True, check_same_thread=False)

    sqlite_database.engine.dispose()
    event.listen(sqlite_database.engine, "do_connect", connect)
    with pytest.raises(OperationalError, match="readonly"):
        sqlite_database.check_writable()
    is_read_only = False
    sqlite_database.check_writable()
    jobs.submit(sqlite_database, SPEC)
