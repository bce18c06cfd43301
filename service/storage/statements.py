"""Statements that SQLite and PostgreSQL spell alike, and that hold many keys."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Insert, Update
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
    """Store or change rows in their order; psycopg takes fewer trips for a single one."""
    if rows:
        given = dict(rows[0]) if len(rows) == 1 else [dict(row) for row in rows]
        session.connection().execute(statement, given)


def key_chunks(keys: Collection[Key]) -> Iterator[list[Key]]:
    """Yield keys in lists that fit a statement."""
    rest = iter(keys)
    while some := list(islice(rest, CHUNK)):
        yield some
