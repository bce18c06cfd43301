"""Background threads of a process, next to its main loop."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import Self

# How long leaving the `with` block waits for the thread; a daemon, it ends with the process.
JOIN_S = 5.0


class BackgroundThread(ABC):
    """A daemon thread that runs from entering to leaving its `with` block.

    A subclass implements `_run`.

    Args:
        name: The thread's name in stack traces.
    """

    def __init__(self, name: str) -> None:
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._wake.set()
        self._thread.join(JOIN_S)

    @abstractmethod
    def _run(self) -> None:
        """Work in the thread until `_stop` is set."""

    def _pause(self, seconds: float) -> bool:
        """Wait for a time, or until `_wake` is set; return whether the thread should continue."""
        self._wake.wait(seconds)
        self._wake.clear()
        return not self._stop.is_set()
