"""PostgreSQL connections whose every wait has a limit.

The limits and the failures that they cover:

- `connect_timeout`: a server that does not greet or does not finish the login (psycopg counts the
  whole handshake);
- keepalives and `tcp_user_timeout`: a machine or path that is gone, seen by the kernel;
- `statement_timeout`, `lock_timeout`: a statement that takes too long, ended by the server;
- `idle_in_transaction_session_timeout`: a client that was cut off inside a transaction and left
  its locks behind, ended by the server, in patient transactions later;
- `Connection.wait`: a peer that acknowledges every byte and never answers, such as a proxy whose
  server is gone. The kernel sees nothing wrong and libpq would wait for ever.

After connecting, psycopg waits in `Connection.wait` only: for statements, COMMIT, ROLLBACK, the
pool's pings and SQLAlchemy's own queries.
"""

from __future__ import annotations

import math
import re
import select
import time
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import psycopg
from psycopg.abc import RV, Params, PQGen, Query
from sqlalchemy import Connection as Transaction
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, Dialect, ExceptionContext

from densearch.redaction import hide
from service.errors import SettingsError
from service.storage import deadlines, gathered
from service.storage.gathered import GatheringConnection, GatheringCursor

CONNECT_S = 5
# A pooled connection that does not answer a ping in this time is replaced by a new one.
PING_S = 3.0
# One that the server answered less than so long ago is not pinged, unless it was closed since.
HEARD_S = 0.1
# The server ends a statement after this long, and a transaction that its client left open.
STATEMENT_S = 20
# The client closes the connection if the server has not ended the statement by then.
SLACK_S = 2.0
LOCK_S = 10
# For work that is known to take long, such as a migration.
PATIENT_S = 24 * 3600.0
PATIENT_LOCK_S = 60
# It may compute for so long between two statements; its locks stay for so long if it is cut off.
PATIENT_IDLE_S = 600

PARAMETERS: dict[str, Any] = {
    "connect_timeout": CONNECT_S,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    # None: nothing is prepared, except in brief transactions (`service.storage.gathered`).
    "prepare_threshold": None,
}
SESSION_S = {
    "statement_timeout": STATEMENT_S,
    "lock_timeout": LOCK_S,
    "idle_in_transaction_session_timeout": STATEMENT_S,
}
# What libpq and psycopg say of a parameter by themselves; a server's message has a SQLSTATE.
_UNUSABLE = re.compile(
    r"((?<!received )invalid|bad value|weak sslmode|root certificate file|definition of service).*"
)
# "client": set at connect, by the URL's `options` or PGOPTIONS.
_GIVEN = "SELECT name, setting FROM pg_settings WHERE name = ANY(%s) AND source = 'client'"


class SilentConnectionError(psycopg.OperationalError):
    """The server did not answer in time; the connection was closed."""


class OverdueError(psycopg.OperationalError):
    """The context's deadline passed first; the connection was closed."""


class Cursor(GatheringCursor):
    """A cursor that keeps the server's timer for disconnected clients after every command.

    psycopg sends many rows in pipeline mode, after which the server waits without the timer of
    `idle_in_transaction_session_timeout`: a client that was cut off then kept its locks for ever
    (20 of 20 sessions; PostgreSQL 18, psycopg 3.3.9). An ordinary statement sets the timer again.
    """

    def executemany(
        self, query: Query, params_seq: Iterable[Params], *, returning: bool = False
    ) -> None:
        """Execute a command for each of many rows, in few round trips plus one for the timer."""
        super().executemany(query, params_seq, returning=returning)
        self.connection.execute("SELECT 1")


class Connection(GatheringConnection):
    """A connection of which no wait is longer than `limit_s`, nor than the context's deadline."""

    usual_s = limit_s = STATEMENT_S + SLACK_S
    _heard_at = -math.inf

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Wait as psycopg does; close the connection when it takes too long.

        Raises:
            SilentConnectionError: It did.
            OverdueError: The context's deadline came before that.
        """
        own_s, left_s = self.limit_s, deadlines.left_s()
        limit_s = max(min(own_s, left_s, math.inf if timeout is None else timeout), 0.0)
        at = time.monotonic() + limit_s
        try:
            found = super().wait(gen, interval, timeout=limit_s)
        except psycopg.OperationalError as error:
            if self.closed or time.monotonic() < at:
                raise
            # The connection's state is unknown, as is whether the statement was executed.
            self.pgconn.finish()
            kind = OverdueError if left_s < own_s else SilentConnectionError
            raise kind(f"no answer within {limit_s:.1f} s") from error
        self._heard_at = time.monotonic()
        return found

    @property
    def is_fresh(self) -> bool:
        """Whether the server was heard just now, and has said nothing since, nor closed."""
        if self.closed or time.monotonic() - self._heard_at > HEARD_S:
            return False
        poll = select.poll()
        poll.register(self.fileno(), select.POLLIN)
        return not poll.poll(0)


def engine_of(url: URL, **options: Any) -> Engine:
    """Return an engine whose waits all have a limit; the URL's query overrides our limits."""
    own = {name: value for name, value in PARAMETERS.items() if name not in url.query}
    if isinstance(options_given := url.query.get("options"), tuple):
        own["options"] = " ".join(options_given)
    # The connection that was used last is used first: it was heard last, and few are in use.
    pool = {"pool_pre_ping": True, "pool_use_lifo": True}
    engine = create_engine(url, connect_args=own, **pool, **options)
    event.listen(engine, "do_connect", _connect)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "do_execute", gathered.gather)
    event.listen(engine, "handle_error", _spare_pool)
    event.listen(engine, "handle_error", _forget_prepared)
    # SQLAlchemy has no event around a ping.
    engine.dialect.do_ping = partial(_ping, engine.dialect.do_ping)  # type: ignore[method-assign]
    return engine


def _connect(
    _dialect: Dialect, _record: object, args: tuple[Any, ...], parameters: dict[str, Any]
) -> Connection:
    try:
        connection = Connection.connect(*args, **parameters, cursor_factory=Cursor)
    except psycopg.Error as error:
        if error.sqlstate is None and (found := _UNUSABLE.search(str(error))) is not None:
            reason = hide(found[0].strip())
            raise SettingsError(f"DENSEARCH_DATABASE_URL: cannot be used: {reason}") from error
        raise
    try:
        _limit(connection)
    except psycopg.Error:
        connection.close()
        raise
    return connection


def _limit(connection: Connection) -> None:
    """Set the limits that were not given at connect; wait a little longer than the server does.

    By a statement: PgBouncer refuses connections whose startup message contains settings.
    """
    connection.autocommit = True
    given = connection.execute(_GIVEN, [list(SESSION_S)]).fetchall()
    limits_ms = {name: 1000 * seconds for name, seconds in SESSION_S.items()}
    limits_ms |= {name: int(ms) for name, ms in given}
    query = f"{_setting(limits_ms, is_local=False)}, pg_backend_pid()"
    found = connection.execute(query).fetchone()
    # A PgBouncer that pools transactions gives each to another server process, which does not have
    # what was prepared on the first. The id that it gives to a client is its own.
    connection.is_direct = found is not None and found[-1] == connection.info.backend_pid
    connection.autocommit = False
    statement_ms = limits_ms["statement_timeout"]  # 0 is none
    limit_s = statement_ms / 1000 + SLACK_S if statement_ms else PATIENT_S
    connection.usual_s = connection.limit_s = limit_s


def _setting(limits_ms: Mapping[str, int], *, is_local: bool) -> str:
    """Return the statement that sets limits, until the transaction's end where `is_local`."""
    each = (f"set_config('{name}', '{ms}', {is_local})" for name, ms in limits_ms.items())
    return f"SELECT {', '.join(each)}"


def _ping(do_ping: Any, connection: Any) -> bool:  # noqa: ANN401 - the dialect's
    if connection.is_fresh:
        return True
    with deadlines.within(PING_S):
        return bool(do_ping(connection))


def _spare_pool(context: ExceptionContext) -> None:
    """A request that reached its deadline is no evidence against the other connections."""
    if isinstance(context.original_exception, OverdueError) and not context.is_pre_ping:
        context.invalidate_pool_on_disconnect = False


def _forget_prepared(context: ExceptionContext) -> None:
    """Leave connections whose prepared statements fit the tables no longer: they were migrated."""
    if isinstance(context.original_exception, psycopg.errors.FeatureNotSupported):
        context.is_disconnect = True


def _begin(transaction: Transaction) -> None:
    options = transaction.get_execution_options()
    is_patient = options.get("is_patient", False)
    connection: Any = transaction.connection.dbapi_connection
    connection.limit_s = PATIENT_S if is_patient else connection.usual_s
    connection.start(is_brief=options.get("is_brief", False))
    if is_patient:
        limits_ms = {
            "statement_timeout": 0,
            "lock_timeout": 1000 * PATIENT_LOCK_S,
            "idle_in_transaction_session_timeout": 1000 * PATIENT_IDLE_S,
        }
        transaction.exec_driver_sql(_setting(limits_ms, is_local=True))
