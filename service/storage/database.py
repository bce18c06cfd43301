"""Connections and transactions on SQLite and PostgreSQL.

SQLite: WAL, foreign keys on, and every write transaction begins IMMEDIATE, since a deferred one
that reads before it writes is refused at once when another writer came between. One process alone
checkpoints the WAL: SQLite up to 3.51.2 can corrupt it otherwise.
"""

from __future__ import annotations

import json
import math
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from weakref import WeakSet

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import Connection, ExceptionContext, make_url
from sqlalchemy.orm import Session
from sqlalchemy.pool import Pool

from service.redaction import url_shown
from service.storage import deadlines
from service.storage.answers import Answers
from service.storage.recent import Opening, RecentReads
from service.storage.refusals import Refusal, refusal_of

# How long a transaction waits for another's lock, unless a deadline is earlier.
BUSY_TIMEOUT_MS = 30_000
# SQLite checks the deadline after this many virtual machine steps, some milliseconds.
STEPS_A_LOOK = 100_000
# Not below the 40 threads in which the API answers, or the pool times out under load.
POOL_SIZE = 40
# How long a request waits for a free connection before it is refused.
POOL_S = 5.0
# Free disk space that SQLite needs to write a transaction.
ROOM_BYTES = 64 * 1024
# The -wal file's size at rest: that at which it is checkpointed, 1,000 pages. A burst, or a reader
# of an old state, makes it larger temporarily.
WAL_BYTES = 4 * 2**20
# SQLite's: a power cut may take the last commits, and never breaks the file.
SYNCHRONOUS = "NORMAL"
# Longer than a tick of the clock of file times, ns.
TICK_NS = 20_000_000

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
        event.listen(self.engine, "handle_error", _leave_read_only)
        self._writer = self.engine.execution_options(begin="IMMEDIATE")
        self._safe_writer = self._writer.execution_options(synchronous="FULL")
        self._brief = self.engine.execution_options(is_brief=True)
        self._brief_writer = self._writer.execution_options(is_brief=True)
        self.recent_reads = RecentReads()
        self._known: dict[Any, Any] = {Answers: Answers(), RecentReads: self.recent_reads}
        # A thread that writes within a write has its answer from SQLite, as without turns.
        self._turns = threading.RLock()
        # For work that is known to take long, such as a migration: its statements have no limit.
        self.patient = self.engine.execution_options(is_patient=True)

    def _postgresql(self) -> Engine:
        from service.storage import postgresql  # its driver is slow to load

        return postgresql.engine_of(
            self.url, pool_size=POOL_SIZE, pool_timeout=POOL_S, json_serializer=_to_json
        )

    def _sqlite(self, is_checkpointer: bool) -> Engine:  # noqa: FBT001 - private
        pool: dict[str, Any] = {"pool_size": POOL_SIZE}
        if self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
            pool["pool_timeout"] = POOL_S  # an in-memory database has no pool queue
        engine = create_engine(self.url, json_serializer=_to_json, **pool)
        event.listen(engine, "connect", partial(_prepare_sqlite, is_checkpointer=is_checkpointer))
        event.listen(engine, "begin", _begin_sqlite)
        event.listen(engine, "handle_error", partial(_close_read_only, pools=WeakSet()))
        return engine

    @property
    def shown_url(self) -> str:
        """Its URL as it may be printed: without passwords."""
        return url_shown(self.url.render_as_string(hide_password=False))

    @contextmanager
    def read(self, *, is_patient: bool = False, is_brief: bool = False) -> Iterator[Session]:
        """Give a session for reading; it sees one consistent state.

        Args:
            is_patient: As in `write`.
            is_brief: As in `write`.

        Raises:
            DeadlineError: The time for this work is over.
        """
        deadlines.check()
        engine = self.patient if is_patient else self._brief if is_brief else self.engine
        info = {**self._known, Opening: self.recent_reads.opening()}
        with Session(engine, expire_on_commit=False, info=info) as session, session.begin():
            yield session

    @contextmanager
    def write(
        self,
        *,
        is_durable: bool = False,
        is_patient: bool = False,
        is_brief: bool = False,
        follows_references: bool = True,
    ) -> Iterator[Session]:
        """Give a session whose changes are committed at the end, or all rolled back.

        Args:
            is_durable: Whether to wait for the disk: what goes together with files must outlive a
                power cut, in which SQLite may else forget the last transactions. PostgreSQL
                always waits.
            is_patient: Whether its statements may take any time, such as deleting many rows.
            is_brief: Whether few small statements follow, which travel to PostgreSQL together
                (`service.storage.gathered`); then not `is_patient`.
            follows_references: Whether SQLite looks for the children of each deleted row, which
                scans tables without an index on the reference. False is for callers that delete
                the children first. PostgreSQL always looks.

        Raises:
            DeadlineError: The time for this work is over.
        """
        deadlines.check()
        engine = self._safe_writer if is_durable else self._writer
        if is_patient:
            engine = engine.execution_options(is_patient=True)
        if is_brief:
            engine = self._brief_writer
        if not follows_references:
            engine = engine.execution_options(foreign_keys="OFF")
        with self._turn(), Session(engine, expire_on_commit=False) as session, session.begin():
            yield session
        self.recent_reads.forget()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Let the writers of this process take turns at SQLite: its own queue is a lottery.

        A connection that waits for SQLite's lock sleeps up to 0.1 s and tries again, behind
        writers that come meanwhile. One that gets no turn in time goes on: SQLite says why not.
        """
        wait_s = max(min(BUSY_TIMEOUT_MS / 1000, deadlines.left_s()), 0.0)
        has_turn = self.is_sqlite and self._turns.acquire(timeout=wait_s)
        try:
            yield
        finally:
            if has_turn:
                self._turns.release()

    def written_at(self) -> tuple[int, ...] | None:
        """Return what differs once any process has written; None where only a query can say.

        Of SQLite's files only the times and sizes: to open and close one would release all locks
        that this process has on it. Their clock ticks every few milliseconds: just after a write
        no value is returned twice, since a second write in that tick would not show.
        """
        if not self.is_sqlite or not self.url.database:
            return None
        try:
            found = [os.stat(self.url.database + end) for end in ("", "-wal")]  # noqa: PTH116 - often
        except OSError:
            return None
        now = time.time_ns()
        is_settled = now - max(one.st_mtime_ns for one in found) > TICK_NS
        mark = tuple(part for one in found for part in (one.st_mtime_ns, one.st_size))
        return mark if is_settled else (*mark, now)

    def ping(self) -> None:
        """Raise SQLAlchemy's error when the database does not answer.

        Raises:
            DeadlineError: The time for this work is over.
        """
        deadlines.check()
        with self.engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def check_writable(self) -> None:
        """Raise unless the database takes writes; nothing is changed.

        Raises:
            SQLAlchemyError: It does not (`service.storage.refusals` says why).
            OSError: SQLite: the file's disk has no space for some pages.
            DeadlineError: The time for this work is over.
        """
        deadlines.check()
        with self._writer.connect() as connection, connection.begin() as transaction:
            # PostgreSQL checks rights before it looks for rows; SQLite does at BEGIN IMMEDIATE.
            connection.execute(text("UPDATE alembic_version SET version_num = '' WHERE 1 = 0"))
            transaction.rollback()
        if self.is_sqlite and self.url.database:
            with tempfile.TemporaryFile(dir=Path(self.url.database).parent) as file:
                file.write(bytes(ROOM_BYTES))

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
        # The first write after a complete checkpoint truncates the -wal file to this size.
        f"journal_size_limit={WAL_BYTES}",
    ):
        connection.execute(f"PRAGMA {pragma}")
    connection.set_progress_handler(_is_late, STEPS_A_LOOK)


def _leave_read_only(context: ExceptionContext) -> None:
    """Discard all connections when one refuses writes: new ones may accept them.

    SQLite opens a file without write access read-only for as long as the connection lives; an
    address of PostgreSQL may meanwhile lead to another server, the new primary.
    """
    error = context.sqlalchemy_exception
    if error is not None and refusal_of(error) is Refusal.READ_ONLY:
        context.is_disconnect = True


def _close_read_only(context: ExceptionContext, *, pools: WeakSet[Pool]) -> None:
    """Close the idle connections, too, when one to SQLite refuses writes.

    The connections of a process share the WAL's shared memory: once the first one opened it
    read-only, all later ones do, until the last of them is closed. A connection in use returns to
    its old pool, which is emptied the next time.
    """
    error = context.sqlalchemy_exception
    if error is not None and refusal_of(error) is Refusal.READ_ONLY and context.engine is not None:
        running = context.execution_context
        if running is not None and running.cursor is not None:
            running.cursor.close()  # an open statement would keep its connection open
        pools.add(context.engine.pool)
        for pool in list(pools):
            pool.dispose()
        context.engine.dispose()


def _is_late() -> bool:
    return deadlines.left_s() <= 0


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    level = options.get("synchronous", SYNCHRONOUS)
    if connection.info.get("synchronous", SYNCHRONOUS) != level:
        connection.exec_driver_sql(f"PRAGMA synchronous={level}")
        connection.info["synchronous"] = level
    keys = options.get("foreign_keys", "ON")
    if connection.info.get("foreign_keys", "ON") != keys:  # in a transaction it would do nothing
        connection.exec_driver_sql(f"PRAGMA foreign_keys={keys}")
        connection.info["foreign_keys"] = keys
    wait_s = max(min(BUSY_TIMEOUT_MS / 1000, deadlines.left_s()), 0)
    # Whole seconds where there are some: the next transaction then often needs no pragma.
    wait_ms = 1000 * math.floor(wait_s) or int(1000 * wait_s)
    if connection.info.get("busy_timeout", BUSY_TIMEOUT_MS) != wait_ms:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={wait_ms}")
        connection.info["busy_timeout"] = wait_ms
    mode = options.get("begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")
