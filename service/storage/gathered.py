"""Brief transactions of PostgreSQL: few small statements, in few trips, and prepared.

At each trip this process and the server's have to be woken in turn, which takes milliseconds where
the processors are busy. In a brief transaction what was gathered goes with the next statement or
with COMMIT, as one simple query, in which psycopg quotes the values here. Its pipeline mode would
do without, but the server then waits without the timer of `idle_in_transaction_session_timeout`:
a client that is cut off would keep its locks for ever (PostgreSQL 18.4, psycopg 3.3.9).

Planning takes the server longer than most of these statements, so they are prepared once they were
sent some times, where the connection leads to one server process. Statements of other transactions
are not: the plan of a large one depends on its values.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self, cast

import psycopg
from psycopg.abc import Params, Query, QueryNoTemplate
from sqlalchemy.engine import ExecutionContext

# The option of a statement whose result is not read: it may go with the next one.
IS_GATHERED = "is_gathered"
COMMIT = "COMMIT"
# A connection prepares a statement when it sends it once more than so many times.
PREPARED_FROM = 5


class GatheringConnection(psycopg.Connection[Any]):
    """A connection that knows brief transactions. Thread safety: as psycopg's.

    Attributes:
        is_direct: Whether a session has one server process, which knows what was prepared in it.
    """

    is_direct = False
    _is_brief = False
    _pending: tuple[str, ...] = ()

    def start(self, *, is_brief: bool) -> None:
        """Begin a transaction; a brief one ends with the next `commit` or `rollback`."""
        self._is_brief, self._pending = is_brief, ()
        self.prepare_threshold = PREPARED_FROM if is_brief and self.is_direct else None

    def gather(self, query: QueryNoTemplate, params: Params | None) -> bool:
        """Keep a statement for the next trip; return False, and keep it not, where none comes."""
        if self._is_brief:
            self._pending = (*self._pending, self.quoted(query, params))
        return self._is_brief

    def quoted(self, query: QueryNoTemplate, params: Params | None) -> str:
        """Return a statement with its values in it."""
        return psycopg.ClientCursor(self).mogrify(query, params)

    def take_pending(self) -> tuple[str, ...]:
        """Return what goes with the next statement; it is not kept any longer."""
        pending, self._pending = self._pending, ()
        return pending

    def commit(self) -> None:
        """Commit as psycopg does, with what was gathered."""
        if pending := self.take_pending():
            self.execute(together(*pending, COMMIT))
        else:
            super().commit()
        self._is_brief = False

    def rollback(self) -> None:
        """Roll back as psycopg does; what was gathered is never sent."""
        self._is_brief, self._pending = False, ()
        super().rollback()


class GatheringCursor(psycopg.Cursor[Any]):
    """A cursor that sends what its connection has gathered with its own statement."""

    def execute(  # type: ignore[override]
        self, query: QueryNoTemplate, params: Params | None = None, **options: Any
    ) -> Self:
        """Execute a statement; the result is its own, also where others went with it."""
        connection = cast("GatheringConnection", self.connection)
        pending = connection.take_pending()
        if not pending:
            return super().execute(query, params, **options)
        super().execute(together(*pending, connection.quoted(query, params)), **options)
        while self.nextset():
            pass
        return self

    def executemany(
        self, query: Query, params_seq: Iterable[Params], *, returning: bool = False
    ) -> None:
        """Execute a statement for many rows, after what was gathered."""
        connection = cast("GatheringConnection", self.connection)
        if pending := connection.take_pending():
            super().execute(together(*pending))
        super().executemany(query, params_seq, returning=returning)


def together(*statements: str) -> str:
    """Return statements as one; a comment at the end of a line ends with it."""
    return "\n;".join(statements)


def gather(
    cursor: Any,  # noqa: ANN401 - psycopg's
    statement: str,
    parameters: Params,
    context: ExecutionContext,
) -> bool:
    """Gather a statement that SQLAlchemy is about to send (its event `do_execute`), or do not."""
    if not context.execution_options.get(IS_GATHERED):
        return False
    connection: GatheringConnection = cursor.connection
    return connection.gather(statement, parameters)
