"""Work that goes on when the request that asked for it has been answered, one after another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class TooMuchWorkError(Exception):
    """As much work waits as may."""


class BackgroundWork(Generic[T]):
    """One piece of work at a time; those that ask for the same piece have the same result.

    Thread safety: all.

    Args:
        most: Pieces that may be worked on or wait.
    """

    def __init__(self, most: int) -> None:
        self._most, self._lock, self._turn = most, threading.Lock(), threading.Lock()
        self._open: dict[Hashable, Future[T]] = {}

    def ask(self, key: Hashable, work: Callable[[], T]) -> Future[T]:
        """Return the coming result of a piece of work, which is begun unless it is open.

        Raises:
            TooMuchWorkError: `most` pieces are open.
        """
        with self._lock:
            if key in self._open:
                return self._open[key]
            if len(self._open) >= self._most:
                raise TooMuchWorkError
            found = self._open[key] = Future()
        try:
            # A daemon: a server that ends does not wait for it.
            threading.Thread(target=self._run, args=(key, found, work), daemon=True).start()
        except RuntimeError as error:  # the machine has no room for a thread: the next one may
            self._close(key)
            found.set_exception(error)
        return found

    def _run(self, key: Hashable, found: Future[T], work: Callable[[], T]) -> None:
        try:
            with self._turn:
                result = work()
        except BaseException as error:  # noqa: BLE001 - those that wait raise it
            self._close(key)
            found.set_exception(error)
        else:
            self._close(key)
            found.set_result(result)

    def _close(self, key: Hashable) -> None:
        with self._lock:
            del self._open[key]
