"""Connections and transactions on SQLite and PostgreSQL.

SQLite: WAL, foreign keys on, and every write transaction begins IMMEDIATE, since a deferred one
that reads before it writes is refused at once when another writer came between. One process alone
checkpoints the WAL: SQLite up to 3.51.2 can corrupt it otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.orm import Session

BUSY_TIMEOUT_MS = 30_000
# Not below the 40 threads in which the API answers, or the pool times out under load.
POOL_SIZE = 40
# SQLite's: a power cut may take the last commits, and never breaks the file.
SYNCHRONOUS = "NORMAL"

_to_json = partial(json.dumps, allow_nan=False, separators=(",", ":"))


class Database:
    """A database: `read()` and `write()` give a session in a transaction.

    Thread safety: share one instance among threads; a session belongs to its `with` block.

    Args:
        url: SQLAlchemy URL; sqlite or postgresql.
        is_checkpointer: Whether this process moves SQLite's WAL into the main file.
    """

    def __init__(self, url: str, *, is_checkpointer: bool = True) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = self._sqlite(is_checkpointer) if self.is_sqlite else self._postgresql()
        self._writer = self.engine.execution_options(begin="IMMEDIATE")
        self._safe_writer = self._writer.execution_options(synchronous="FULL")

    def _postgresql(self) -> Engine:
        return create_engine(
            self.url, pool_pre_ping=True, pool_size=POOL_SIZE, json_serializer=_to_json
        )

    def _sqlite(self, is_checkpointer: bool) -> Engine:  # noqa: FBT001 - private
        if self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(self.url, pool_size=POOL_SIZE, json_serializer=_to_json)
        event.listen(engine, "connect", partial(_prepare_sqlite, is_checkpointer=is_checkpointer))
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Give a session for reading; it sees one consistent state."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def write(self, *, is_durable: bool = False) -> Iterator[Session]:
        """Give a session whose changes are committed at the end, or all rolled back.

        Args:
            is_durable: Whether to wait for the disk: what goes together with files must outlive a
                power cut, in which SQLite may else forget the last transactions. PostgreSQL
                always waits.
        """
        engine = self._safe_writer if is_durable else self._writer
        with Session(engine, expire_on_commit=False) as session, session.begin():
            yield session

    def ping(self) -> None:
        """Raise SQLAlchemy's error when the database does not answer."""
        with self.engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def _prepare_sqlite(connection: Any, _record: object, *, is_checkpointer: bool) -> None:  # noqa: ANN401 - DBAPI
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        f"synchronous={SYNCHRONOUS}",
        "foreign_keys=ON",
        f"wal_autocheckpoint={1000 if is_checkpointer else 0}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    level = options.get("synchronous", SYNCHRONOUS)
    if connection.info.get("synchronous", SYNCHRONOUS) != level:
        connection.exec_driver_sql(f"PRAGMA synchronous={level}")
        connection.info["synchronous"] = level
    mode = options.get("begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")
