"""Transactions that are repeated after real refusals of SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from service.storage import outages
from service.storage.database import Database
from service.storage.outages import patiently
from tests.support.long_writes import long_write

LOCK = text("UPDATE alembic_version SET version_num = version_num")


def writes(database: Database) -> Callable[[], str]:
    """Return a transaction that writes."""

    def work() -> str:
        with database.write() as session:
            session.execute(LOCK)
        return "done"

    return work


def test_a_lock_that_another_process_holds_beyond_the_timeout_is_waited_for(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.storage.database.BUSY_TIMEOUT_MS", 20)
    hasty = Database(sqlite_database.url.render_as_string(hide_password=False))
    n_refused = 0
    with long_write(sqlite_database) as end:

        def paused(_s: float) -> None:
            nonlocal n_refused
            n_refused += 1
            if n_refused == 3:
                end()

        monkeypatch.setattr("service.storage.outages.time", SimpleNamespace(sleep=paused))
        assert patiently(writes(hasty), "x") == "done"
    assert n_refused == 3
    hasty.close()


def test_a_row_that_is_locked_beyond_postgresqls_timeout_is_waited_for(
    postgresql_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgresql_database.url.update_query_dict({"options": "-c lock_timeout=20"})
    hasty = Database(url.render_as_string(hide_password=False))
    with postgresql_database.engine.connect() as holder:
        holder.execute(LOCK)
        monkeypatch.setattr(
            "service.storage.outages.time", SimpleNamespace(sleep=lambda _s: holder.rollback())
        )
        assert patiently(writes(hasty), "x") == "done"
    hasty.close()


def test_a_connection_that_the_server_ends_is_replaced(
    postgresql_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outages, "RETRY_S", 0.0)
    n = 0

    def ended_once() -> int:
        nonlocal n
        n += 1
        with postgresql_database.write() as session:
            pid = session.scalar(text("SELECT pg_backend_pid()"))
            if n == 1:
                with postgresql_database.write() as other:
                    other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
            session.execute(LOCK)
        return n

    assert patiently(ended_once, "x") == 2
