"""Turns for requests whose answer takes a process of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from api.problems.handlers import ProblemError

# A request that waits holds one of the server's 40 threads.
MOST_WAITING = 4


class Turns:
    """Few requests at a time, and few that wait for a turn: others are refused at once.

    Thread safety: all.

    Args:
        n_at_once: How many have a turn at a time.
        slug: Of the problem that a request without a turn is answered by.
        detail: Says what takes the turns, and what else there is.
    """

    def __init__(self, n_at_once: int, slug: str, detail: str) -> None:
        self._turns = threading.BoundedSemaphore(n_at_once)
        self._places = threading.BoundedSemaphore(n_at_once + MOST_WAITING)
        self._slug, self._detail = slug, detail

    @contextmanager
    def taken(self, wait_s: float) -> Iterator[None]:
        """Have a turn within the block.

        Args:
            wait_s: How long to wait for it at most.

        Raises:
            ProblemError: Too many wait, or no turn came in time.
        """
        if not self._places.acquire(blocking=False):
            raise ProblemError(self._slug, self._detail)
        try:
            if not self._turns.acquire(timeout=wait_s):
                raise ProblemError(self._slug, self._detail)
            try:
                yield
            finally:
                self._turns.release()
        finally:
            self._places.release()
