"""A long change of the database as many short transactions, so that other writers get their turn.

The caller makes each chunk consistent by itself and repeatable: the process may be killed after
it, and it may run twice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from sqlalchemy.orm import Session

from service.storage import deadlines
from service.storage.database import Database

# Target duration of a chunk, s: half of what a user would notice.
WANTED_S = 0.1
# A chunk is cancelled after this time, s: a connection may be silent.
LIMIT_S = 120.0
# A commit alone may take longer than WANTED_S on a busy disk: chunks never shrink to nothing.
SMALLEST_SIZE, FIRST_SIZE, LARGEST_SIZE = 50, 200, 20_000


class Chunks:
    """See the module. Thread safety: none.

    Args:
        database: The database to change.
        stop: Set by another thread, it ends the work after the current chunk.
    """

    def __init__(self, database: Database, stop: threading.Event | None = None) -> None:
        self.database = database
        self._stop = stop or threading.Event()

    @property
    def is_stopped(self) -> bool:
        """Whether the rest is to be left for another time."""
        return self._stop.is_set()

    def repeat(
        self, work: Callable[[Session, int], int], *, follows_references: bool = True
    ) -> int:
        """Call `work(session, size)`, each time in its own transaction, until it changes nothing.

        Args:
            work: Changes about `size` rows and returns how many it did.
            follows_references: As in `Database.write`.

        Returns:
            The number of rows changed.
        """
        size, total = FIRST_SIZE, 0
        while not self.is_stopped:
            with (
                deadlines.within(LIMIT_S),
                self.database.write(follows_references=follows_references) as session,
            ):
                session.connection()  # the wait for SQLite's lock does not count
                started = time.monotonic()
                n = work(session, size)
                took_s = time.monotonic() - started
            total += n
            if n == 0:
                break
            size = next_size(size, took_s)
            self._stop.wait(took_s)  # as long as the others had to wait
        return total


def next_size(size: int, took_s: float) -> int:
    """Return the size of the chunk after one of `size` rows that took `took_s` seconds."""
    factor = min(WANTED_S / max(took_s, 1e-6), 2.0)
    return max(SMALLEST_SIZE, min(int(size * factor), LARGEST_SIZE))
