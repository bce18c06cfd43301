"""Threads that run inside a `with` block."""

from __future__ import annotations

import threading

from workers.background import BackgroundThread

PATIENCE_S = 60.0
FOR_EVER_S = 3600.0


class Counter(BackgroundThread):
    """Counts its turns, with a pause after each that only `_wake` or the end can shorten."""

    def __init__(self) -> None:
        super().__init__("counter")
        self.turn = threading.Semaphore(0)
        self.continued: list[bool] = []

    def _run(self) -> None:
        while not self._stop.is_set():
            self.turn.release()
            self.continued.append(self._pause(FOR_EVER_S))

    def wake(self) -> None:
        self._wake.set()


def names_of_threads() -> set[str]:
    return {thread.name for thread in threading.enumerate()}


def test_the_thread_runs_until_the_end_of_the_block() -> None:
    with Counter() as counter:
        assert counter.turn.acquire(timeout=PATIENCE_S)
        assert "counter" in names_of_threads()
    assert "counter" not in names_of_threads()
    assert counter.continued == [False]


def test_a_wake_up_shortens_one_pause_and_is_never_lost() -> None:
    with Counter() as counter:
        counter.wake()  # perhaps before the first pause
        for _ in range(2):
            assert counter.turn.acquire(timeout=PATIENCE_S)
        counter.wake()
        assert counter.turn.acquire(timeout=PATIENCE_S)
    assert counter.continued == [True, True, False]
