"""Statements that SQLite and PostgreSQL spell alike, and that hold many keys."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Delete, Insert, Update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

Key = TypeVar("Key", int, str)
# Keys of a statement: SQLite allows 32,766 parameters.
CHUNK = 1_000


def is_postgresql(session: Session) -> bool:
    """Whether a session speaks to PostgreSQL; otherwise to SQLite."""
    return session.get_bind().dialect.name == "postgresql"


def insert_into(session: Session, table: Any) -> postgresql.Insert | sqlite.Insert:  # noqa: ANN401 - a table or its class
    """Return an INSERT of the session's database, whose rows may conflict with stored ones."""
    return postgresql.insert(table) if is_postgresql(session) else sqlite.insert(table)


def put(session: Session, statement: Insert | Update, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store or change rows in their order; a single one as `gather` does, in fewer trips."""
    if len(rows) == 1:
        gather(session, statement, rows[0])
    elif rows:
        session.connection().execute(statement, [dict(row) for row in rows])


def gather(
    session: Session, statement: Insert | Update | Delete, given: Mapping[str, Any]
) -> None:
    """Execute a statement at once, or with the next one of a brief transaction.

    An error of it may then come with the next statement, or with the commit. Of an INSERT the keys
    are given, or it is `inline`.
    """
    session.connection().execute(statement, dict(given), execution_options={"is_gathered": True})


def key_chunks(keys: Collection[Key]) -> Iterator[list[Key]]:
    """Yield keys in lists that fit a statement."""
    rest = iter(keys)
    while some := list(islice(rest, CHUNK)):
        yield some
