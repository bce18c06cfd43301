"""Deadlines for waits of the current context for the database.

A deadline belongs to a context (PEP 567): it follows a request into the thread that answers it.
Every wait for the database is limited by `left_s`: psycopg's waits (`service.storage.postgresql`),
SQLite's busy handler and long statements (`service.storage.database`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from service.errors import DeadlineError


class Deadline:
    """A point of time, s of the monotonic clock, that may be moved while threads wait for it."""

    def __init__(self, seconds: float) -> None:
        self.restart(seconds)

    def restart(self, seconds: float) -> None:
        """Move it to `seconds` from now; infinity lifts it."""
        self._at = time.monotonic() + seconds

    @property
    def left_s(self) -> float:
        """Seconds until then, 0 or less when it is past."""
        return self._at - time.monotonic()


_deadlines: ContextVar[tuple[Deadline, ...]] = ContextVar("deadlines", default=())


@contextmanager
def alone(*deadlines: Deadline) -> Iterator[None]:
    """Apply only these deadlines to the block, none that its context inherited.

    A server may read a connection's next request in the context of the one before.
    """
    token = _deadlines.set(deadlines)
    try:
        yield
    finally:
        _deadlines.reset(token)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Limit the waits of the block for the database to `seconds`; outer deadlines still hold."""
    with alone(*_deadlines.get(), Deadline(seconds)):
        yield


def left_s() -> float:
    """Return how long the current context may still wait, s: infinity without a deadline."""
    return min((deadline.left_s for deadline in _deadlines.get()), default=math.inf)


def extend(seconds: float) -> None:
    """Give the current context at least `seconds` from now, for work without the database."""
    for deadline in _deadlines.get():
        deadline.restart(max(seconds, deadline.left_s))


def check() -> None:
    """Raise once the deadline of the current context has passed.

    Raises:
        DeadlineError: It has passed.
    """
    if left_s() <= 0:
        raise DeadlineError
