"""The reason for each failure of a database, and the answer to a request."""

from __future__ import annotations

import errno
import sqlite3

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from api.problems.handlers import problem_of
from service.errors import DeadlineError, LeaseLostError
from service.storage.postgresql import OverdueError, SilentConnectionError
from service.storage.refusals import REMEDIES, Refusal, explain, refusal_of

UNAVAILABLE = "database-unavailable"


def wrapped(cause: Exception, base: type[Exception]) -> Exception:
    """Return a driver's error as SQLAlchemy raises it."""
    return DBAPIError.instance("UPDATE secret", {}, cause, base)


def of_postgresql(sqlstate: str) -> Exception:
    return wrapped(psycopg.errors.lookup(sqlstate)("secret"), psycopg.Error)


def of_sqlite(code: int, message: str = "secret") -> Exception:
    cause = sqlite3.OperationalError(message)
    cause.sqlite_errorcode = code
    return wrapped(cause, sqlite3.Error)


@pytest.mark.parametrize(
    ("error", "refusal", "slug"),
    [
        (of_postgresql("25006"), Refusal.READ_ONLY, "database-read-only"),
        (of_postgresql("42501"), Refusal.READ_ONLY, "database-read-only"),
        (of_postgresql("53100"), Refusal.FULL, "database-full"),
        (of_postgresql("53300"), Refusal.BUSY, UNAVAILABLE),
        (of_postgresql("55P03"), Refusal.BUSY, UNAVAILABLE),
        (of_postgresql("40P01"), Refusal.BUSY, UNAVAILABLE),
        (of_postgresql("57014"), Refusal.SLOW, UNAVAILABLE),
        (of_postgresql("25P03"), Refusal.SLOW, UNAVAILABLE),
        (of_postgresql("57P01"), Refusal.AWAY, UNAVAILABLE),
        (of_postgresql("57P03"), Refusal.AWAY, UNAVAILABLE),
        (of_postgresql("58030"), Refusal.BROKEN, UNAVAILABLE),
        (wrapped(SilentConnectionError("secret"), psycopg.Error), Refusal.AWAY, UNAVAILABLE),
        (wrapped(OverdueError("secret"), psycopg.Error), Refusal.AWAY, UNAVAILABLE),
        (wrapped(psycopg.OperationalError("refused"), psycopg.Error), Refusal.AWAY, UNAVAILABLE),
        (of_sqlite(sqlite3.SQLITE_READONLY), Refusal.READ_ONLY, "database-read-only"),
        (of_sqlite(sqlite3.SQLITE_READONLY_DIRECTORY), Refusal.READ_ONLY, "database-read-only"),
        (of_sqlite(sqlite3.SQLITE_FULL), Refusal.FULL, "database-full"),
        (of_sqlite(sqlite3.SQLITE_BUSY), Refusal.BUSY, UNAVAILABLE),
        (of_sqlite(sqlite3.SQLITE_INTERRUPT), Refusal.SLOW, UNAVAILABLE),
        (of_sqlite(sqlite3.SQLITE_IOERR_WRITE), Refusal.BROKEN, UNAVAILABLE),
        (of_postgresql("42P01"), Refusal.UNPREPARED, "schema-outdated"),
        (
            of_sqlite(sqlite3.SQLITE_ERROR, "no such table: jobs"),
            Refusal.UNPREPARED,
            "schema-outdated",
        ),
        (of_sqlite(sqlite3.SQLITE_CANTOPEN), Refusal.AWAY, UNAVAILABLE),
        (PoolTimeoutError("secret"), Refusal.BUSY, UNAVAILABLE),
        (DeadlineError(), Refusal.SLOW, "deadline-exceeded"),
    ],
)
def test_a_refusal_has_a_reason_a_remedy_and_a_503(
    error: Exception, refusal: Refusal, slug: str
) -> None:
    assert refusal_of(error) is refusal
    assert explain(error) == f"{refusal}: {REMEDIES[refusal]}"
    assert problem_of(error).slug == slug
    assert problem_of(error).status == 503


@pytest.mark.parametrize(
    "error",
    [
        of_postgresql("42601"),  # a statement that is wrong
        of_postgresql("25P02"),  # a statement after a failed one
        IntegrityError("INSERT", {}, Exception("twice")),
        ZeroDivisionError(),
    ],
)
def test_defects_are_no_refusals(error: Exception) -> None:
    assert refusal_of(error) is None
    assert problem_of(error).status == 500
    assert "secret" not in explain(error)


def test_what_is_not_the_databases_is_no_refusal() -> None:
    assert refusal_of(LeaseLostError(1)) is None
    assert refusal_of(OSError("of no number")) is None


@pytest.mark.parametrize(
    ("number", "refusal"),
    [
        (errno.ENOSPC, Refusal.FULL),
        (errno.EDQUOT, Refusal.FULL),
        (errno.EROFS, Refusal.READ_ONLY),
        (errno.EACCES, Refusal.READ_ONLY),
        (errno.EIO, Refusal.BROKEN),
    ],
)
def test_the_disk_refuses_for_the_same_reasons(number: int, refusal: Refusal) -> None:
    assert refusal_of(OSError(number, "as it says")) is refusal


def test_every_reason_has_a_remedy() -> None:
    assert set(REMEDIES) == set(Refusal)
    assert refusal_of(OperationalError("SELECT", {}, Exception("?"))) is Refusal.AWAY
