"""The last net under the dispatcher: a main loop that hangs ends the process.

Every wait for the database ends by itself (`service.storage.postgresql`), but a disk, a library
or a defect of ours may still hold the loop for ever; the supervisor or the service manager then
starts the next dispatcher. Long work is no hang: a thread that computes uses its processor. And
when the whole process was stopped (SIGSTOP, a suspended machine), so was the count.
"""

from __future__ import annotations

import faulthandler
import os
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import NoReturn, Self

import structlog

LOG = structlog.get_logger(__name__)
# The process's exit code; docs/operations.md explains it.
HANGS = 5
TICK_S = 1.0
# A thread that waits uses less of its processor; polling for an answer takes 0.1 %.
BUSY_SHARE = 0.02
# A loop that only waits: after so many leases, and seconds, its jobs are left to others.
SILENT_LEASES, SILENT_S = 2, 20.0
# And the process ends.
END_LEASES, END_S = 4, 60.0
# A loop that computes without a turn may do so for this many times as long.
PATIENCE = 10


def end_process() -> NoReturn:
    """Write where every thread is to stderr, and end without any clean-up that could hang."""
    faulthandler.dump_traceback(all_threads=True)
    sys.stderr.flush()
    os._exit(HANGS)


class Watchdog:
    """Counts how long the thread that made it takes no turn.

    Thread safety: `mark` is called by the watched thread, the rest by any.

    Args:
        lease_s: The dispatcher's lease, s.
        end: What ends the process.
        tick_s: How often the count goes on, s.
        least_s: The least time without a turn that ends the process, s.
    """

    def __init__(
        self,
        lease_s: float,
        end: Callable[[], None] = end_process,
        *,
        tick_s: float = TICK_S,
        least_s: float = END_S,
    ) -> None:
        self._end, self._tick_s = end, tick_s
        self._silence_s = max(SILENT_LEASES * lease_s, SILENT_S)
        self._end_s = max(END_LEASES * lease_s, least_s)
        self._clock = _processor_clock(threading.current_thread())
        self._n_marks = self._n_seen = 0
        self._used_s = self._clock()
        self._waits_s = self._silent_s = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def mark(self) -> None:
        """Say that the loop goes on: at each turn, and within a long one at each job."""
        self._n_marks += 1

    @property
    def is_stuck(self) -> bool:
        """Whether the loop has waited so long that its jobs are better left to others."""
        return self._waits_s >= self._silence_s

    def _watch(self) -> None:
        while not self._stop.wait(self._tick_s):
            self.tick()

    def tick(self) -> None:
        """Count one tick, and end the process when there were too many without a turn."""
        n_marks, used_s = self._n_marks, self._clock()
        is_busy = used_s - self._used_s > BUSY_SHARE * self._tick_s
        self._silent_s = 0.0 if n_marks != self._n_seen else self._silent_s + self._tick_s
        self._waits_s = 0.0 if is_busy else min(self._waits_s + self._tick_s, self._silent_s)
        self._n_seen, self._used_s = n_marks, used_s
        if self._waits_s >= self._end_s or self._silent_s >= PATIENCE * self._end_s:
            LOG.critical("the main loop hangs; ending", silent_s=round(self._silent_s))
            self._end()


def _processor_clock(thread: threading.Thread) -> Callable[[], float]:
    """Return what tells the processor time that a thread has used, s; always 0 if unknown."""
    if thread.ident is None or not hasattr(time, "pthread_getcpuclockid"):
        return lambda: 0.0
    clock = time.pthread_getcpuclockid(thread.ident)
    return lambda: time.clock_gettime(clock)
