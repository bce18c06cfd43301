"""The transaction in which a database changes its schema: all revisions of it, or none.

SQLite cannot alter a table in most ways, so Alembic makes a new one, copies the rows, drops the
old one and renames. With foreign keys enforced, DROP TABLE deletes the rows of every table that
refers to it (sqlite.org/foreignkeys.html, 5). They are therefore off during a migration and
checked before its commit. The pragma is a silent no-op inside a transaction: it stands outside.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from sqlalchemy import text
from sqlalchemy.engine import Connection, RootTransaction
from sqlalchemy.exc import OperationalError

from service.errors import DatabaseBusyError
from service.storage.database import Database

PATIENCE_S = 600.0
# Key of PostgreSQL's advisory lock, which is per database: any number not used elsewhere here.
LOCK = 0x64656E73
# Limits that a server, a role or a driver sets for requests are lifted for a migration. Settings
# that this server's version does not have are left out.
_LIFT_LIMITS = """
SELECT set_config(name, CASE name WHEN 'lock_timeout' THEN :patience ELSE '0' END, true)
FROM pg_catalog.pg_settings WHERE name IN ('statement_timeout', 'lock_timeout',
'idle_in_transaction_session_timeout', 'transaction_timeout')
"""
_LOCK_NOT_AVAILABLE = "55P03"
_DANGLING = (
    "before it began, the database held {}: `PRAGMA foreign_key_check` in sqlite3 lists them; "
    "delete them, or restore a backup"
)

log = structlog.get_logger(__name__)


class DanglingRowsError(RuntimeError):
    """Rows refer to rows that do not exist."""


@contextmanager
def transaction(database: Database, patience_s: float = PATIENCE_S) -> Iterator[Connection]:
    """Give a connection in a transaction that excludes other writers and migrations.

    It is committed at the end, or rolled back completely.

    Raises:
        DatabaseBusyError: Others did not release the database in `patience_s` seconds.
        DanglingRowsError: Rows refer to others that do not exist, before or after the migration.
    """
    begun = _sqlite if database.is_sqlite else _postgresql
    with database.patient.connect() as connection, begun(connection, patience_s):
        yield connection


def require(connection: Connection) -> None:
    """Raise RuntimeError unless the connection is in a transaction that `transaction` gave."""
    is_guarded = connection.in_transaction()
    if connection.dialect.name == "sqlite":
        is_guarded &= not connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one()
    if not is_guarded:
        raise RuntimeError(
            "migrations run in service.storage.migration.transaction alone: with foreign keys "
            "enforced, altering a table of SQLite deletes the rows that refer to it"
        )


def dangling(connection: Connection) -> Counter[str]:
    """Return how many rows of each table refer to a row that does not exist (SQLite)."""
    return Counter(row[0] for row in connection.exec_driver_sql("PRAGMA foreign_key_check"))


@contextmanager
def _sqlite(connection: Connection, patience_s: float) -> Iterator[None]:
    connection.execution_options(begin="IMMEDIATE", synchronous="FULL")
    raw = connection.connection.driver_connection
    try:
        _enforce(raw, is_on=False)
        with _begin(connection, patience_s):
            _require_whole(connection, _DANGLING)
            yield
            _require_whole(connection, "it left {}")
    finally:
        if not connection.invalidated:
            _restore(connection, raw)


def _begin(connection: Connection, patience_s: float) -> RootTransaction:
    """Begin IMMEDIATE; wait for another process's migration, whose copy may take minutes."""
    start = time.monotonic()
    while True:
        try:
            return connection.begin()
        except OperationalError as error:
            if not _is_busy(error):
                raise
            waited_s = time.monotonic() - start
            if waited_s > patience_s:
                raise DatabaseBusyError(waited_s) from error
            log.warning("waiting for another process that writes to the database")


def _require_whole(connection: Connection, message: str) -> None:
    if broken := dangling(connection):
        listed = ", ".join(f"{n} of {table}" for table, n in sorted(broken.items()))
        raise DanglingRowsError(message.format(f"rows whose parents do not exist ({listed})"))


def _enforce(raw: Any, *, is_on: bool) -> None:  # noqa: ANN401 - DBAPI
    raw.execute(f"PRAGMA foreign_keys={'ON' if is_on else 'OFF'}")
    if raw.execute("PRAGMA foreign_keys").fetchone() != (int(is_on),):
        raise RuntimeError("SQLite does not switch foreign keys inside a transaction")


def _restore(connection: Connection, raw: Any) -> None:  # noqa: ANN401 - DBAPI
    """Enforce foreign keys again, or discard the connection."""
    try:
        _enforce(raw, is_on=True)
    except BaseException:
        connection.invalidate()
        raise


def _is_busy(error: OperationalError) -> bool:
    return str(getattr(error.orig, "sqlite_errorname", "")).startswith("SQLITE_BUSY")


@contextmanager
def _postgresql(connection: Connection, patience_s: float) -> Iterator[None]:
    start = time.monotonic()
    try:
        with connection.begin():
            patience_ms = {"patience": str(max(1, round(patience_s * 1000)))}
            connection.execute(text(_LIFT_LIMITS), patience_ms)
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
            yield
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            raise DatabaseBusyError(time.monotonic() - start) from error
        raise
