"""The dispatcher's watchdog: ends the process when its main loop hangs.

Every wait for the database has a limit (`service.storage.postgresql`), but a disk, a library or a
bug may still block the loop for ever; the supervisor or the service manager then starts the next
dispatcher. Long work is no hang: a thread that computes uses CPU time. While the whole process is
stopped (SIGSTOP, a suspended machine), the watchdog does not count.
"""

from __future__ import annotations

import faulthandler
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import NoReturn

import structlog

from service.exit_codes import HANGS
from workers.background import BackgroundThread

LOG = structlog.get_logger(__name__)
TICK_S = 1.0
# A thread below this share of a CPU is waiting; polling for an answer takes 0.1 %.
BUSY_SHARE = 0.02
# A loop that only waits for this many leases, and at least this many seconds, loses its jobs.
SILENT_LEASES, SILENT_S = 2, 20.0
# After this many leases, and at least this many seconds, the process ends.
END_LEASES, END_S = 4, 60.0
# A loop that computes may go without a turn for this many times as long.
PATIENCE = 10


def end_process() -> NoReturn:
    """Write the stack of every thread to stderr, and end without clean-up, which could hang."""
    faulthandler.dump_traceback(all_threads=True)
    sys.stderr.flush()
    os._exit(HANGS)


class Watchdog(BackgroundThread):
    """Measures for how long the thread that created it has not called `mark`.

    Thread safety: `mark` is called by the watched thread, the rest by any.

    Args:
        lease_s: The dispatcher's lease, s.
        end: Ends the process.
        tick_s: Interval of the count, s.
        least_s: The shortest time without a turn that ends the process, s.
    """

    def __init__(
        self,
        lease_s: float,
        end: Callable[[], None] = end_process,
        *,
        tick_s: float = TICK_S,
        least_s: float = END_S,
    ) -> None:
        super().__init__("watchdog")
        self._end, self._tick_s = end, tick_s
        self._silence_s = max(SILENT_LEASES * lease_s, SILENT_S)
        self._end_s = max(END_LEASES * lease_s, least_s)
        self._clock = processor_clock(threading.current_thread())
        self._n_marks = self._n_seen = 0
        self._used_s = self._clock()
        self._waits_s = self._silent_s = 0.0

    def mark(self) -> None:
        """Record progress of the loop: at each turn, and within a long one at each job."""
        self._n_marks += 1

    @property
    def is_stuck(self) -> bool:
        """Whether the loop has waited so long that other dispatchers should take its jobs."""
        return self._waits_s >= self._silence_s

    def _run(self) -> None:
        while self._pause(self._tick_s):
            self.tick()

    def tick(self) -> None:
        """Count one tick; end the process after too many ticks without a mark."""
        n_marks, used_s = self._n_marks, self._clock()
        is_busy = used_s - self._used_s > BUSY_SHARE * self._tick_s
        self._silent_s = 0.0 if n_marks != self._n_seen else self._silent_s + self._tick_s
        self._waits_s = 0.0 if is_busy else min(self._waits_s + self._tick_s, self._silent_s)
        self._n_seen, self._used_s = n_marks, used_s
        if self._waits_s >= self._end_s or self._silent_s >= PATIENCE * self._end_s:
            LOG.critical("the main loop hangs; ending", silent_s=round(self._silent_s))
            self._end()


def processor_clock(thread: threading.Thread) -> Callable[[], float]:
    """Return a function that reads the CPU time of a thread, s; always 0 if unknown."""
    if thread.ident is None or not hasattr(time, "pthread_getcpuclockid"):
        return lambda: 0.0
    clock = time.pthread_getcpuclockid(thread.ident)
    return lambda: time.clock_gettime(clock)
