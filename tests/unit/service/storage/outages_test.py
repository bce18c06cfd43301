"""Waiting for a database that refuses: for which reasons, how long, and what is logged."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from structlog.testing import capture_logs

from service.storage import outages
from service.storage.outages import CROWDED, patiently


def refused(code: int) -> OperationalError:
    """Return what SQLAlchemy raises for a result code of SQLite."""
    cause = sqlite3.OperationalError("refused")
    cause.sqlite_errorcode = code
    return OperationalError("BEGIN IMMEDIATE", {}, cause)


def failing(*errors: Exception) -> Callable[[], int]:
    """Return a work that raises these errors in turn, and then returns how often it was called."""
    left, n = list(errors), 0

    def work() -> int:
        nonlocal n
        n += 1
        if left:
            raise left.pop(0)
        return n

    return work


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    made: list[float] = []
    monkeypatch.setattr("service.storage.outages.time", SimpleNamespace(sleep=made.append))
    return made


BUSY, LOCKED, INTERRUPTED, READ_ONLY, AWAY, FULL = 5, 6, 9, 8, 14, 13


@pytest.mark.parametrize("code", [BUSY, LOCKED, INTERRUPTED, AWAY, 5 | (2 << 8)])
def test_it_waits_while_the_reason_passes(code: int, pauses: list[float]) -> None:
    assert patiently(failing(refused(code), refused(code)), "x") == 3
    assert pauses == [outages.RETRY_S] * 2


def test_it_waits_for_a_connection_of_the_pool() -> None:
    assert patiently(failing(PoolTimeoutError()), "x") == 2


@pytest.mark.parametrize(
    "error",
    [
        refused(READ_ONLY),
        refused(FULL),
        IntegrityError("INSERT", {}, sqlite3.IntegrityError("twice")),
        ValueError("a bug"),
        OSError("a disk"),
    ],
)
def test_other_errors_are_raised_at_once(error: Exception, pauses: list[float]) -> None:
    with pytest.raises(type(error)) as found:
        patiently(failing(error), "x")
    assert found.value is error
    assert pauses == []


def test_a_server_that_is_away_is_waited_for_only_where_that_is_wanted() -> None:
    with pytest.raises(DBAPIError):
        patiently(failing(refused(AWAY)), "x", passing=CROWDED)
    assert patiently(failing(refused(BUSY)), "x", passing=CROWDED) == 2


def test_what_cannot_be_repeated_is_not() -> None:
    with pytest.raises(DBAPIError):
        patiently(failing(refused(BUSY)), "x", may_repeat=lambda: False)


def test_its_patience_has_an_end() -> None:
    work = failing(refused(BUSY), refused(AWAY))
    with pytest.raises(DBAPIError):
        patiently(work, "x", patience_s=0.0)
    with pytest.raises(DBAPIError):
        patiently(work, "x", patience_s=0.0)
    assert patiently(work, "x", patience_s=0.0) == 3


def test_a_wait_is_logged_when_it_begins_and_when_it_is_over() -> None:
    with capture_logs() as lines:
        patiently(failing(refused(BUSY), refused(AWAY), refused(BUSY)), "an import")
        patiently(failing(), "nothing")
    assert [(line["log_level"], line["event"], line["work"]) for line in lines] == [
        ("warning", "the database refused; waiting", "an import"),
        ("info", "the database answers again", "an import"),
    ]
    assert lines[0]["reason"].startswith("it is busy: ")
