"""Deadlines of a context: SQLite's waits end by them; threads do not inherit them."""

from __future__ import annotations

import sqlite3
import threading
import time

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from service.storage import deadlines
from service.storage.database import Database

ENDLESS = text(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000)"
    " SELECT count(*) FROM n"
)


def test_sqlite_waits_for_a_lock_no_longer_than_the_deadline(sqlite_database: Database) -> None:
    holder = sqlite3.connect(str(sqlite_database.url.database), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    started = time.monotonic()
    with (
        deadlines.within(0.5),
        pytest.raises(OperationalError, match="locked"),
        sqlite_database.write() as session,
    ):
        session.execute(text("SELECT 1"))
    assert time.monotonic() - started < 20  # the usual limit is 30 s
    holder.close()
    with sqlite_database.write() as session:
        assert session.scalar(text("PRAGMA busy_timeout")) == 30_000


def test_a_long_statement_of_sqlite_ends_at_the_deadline(sqlite_database: Database) -> None:
    with (
        deadlines.within(0.5),
        pytest.raises(OperationalError, match="interrupted"),
        sqlite_database.read() as session,
    ):
        session.execute(ENDLESS)


def test_a_deadline_follows_into_threads_by_its_context_alone() -> None:
    seen: list[float] = []
    with deadlines.within(5.0):
        thread = threading.Thread(target=lambda: seen.append(deadlines.left_s()))
        thread.start()
        thread.join()
        assert deadlines.left_s() <= 5.0
        with deadlines.within(60.0):
            assert deadlines.left_s() <= 5.0
    assert seen == [float("inf")]
    assert deadlines.left_s() == float("inf")
