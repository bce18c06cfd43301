"""Asks of all jobs, answered by a few processes: jobs take turns, and none uses all processes.

The first process is reserved for short asks, so that asks of minutes never delay them. The others
run as many asks as fit into memory together. An ask that does not fit delays the asks behind it,
so that small asks cannot delay a large one for ever.

A thread for each process waits for its answers. An ask whose process ends is asked again, by
another process; after `MOST_ENDS` of them it is given up.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque

import structlog
from ray._common.utils import get_system_memory

from service.cores import allotted
from service.settings import Settings
from workers.asking.ask import Ask
from workers.asking.child import AskEndedError, AskLimits, Child

LOG = structlog.get_logger(__name__)
MOST_ENDS = 3
FEWEST_PROCESSES = 3
# An idle process holds a sampler's libraries in memory: torch alone takes 300 MB.
IDLE_S = 60.0
# Share of the machine's or container's memory that all concurrent asks may take.
MEMORY_SHARE = 0.25
# Memory of a process in addition to its ask: torch is the largest of the libraries.
LIBRARIES_BYTES = 300 * 2**20
# How long a finished answer may wait before it is read, as a fraction of its ask's duration.
DELAY = 0.25
SHORTEST_WAIT_S = 0.001


def limits_of(settings: Settings) -> tuple[int, AskLimits, float]:
    """Return the number of processes, the limits of one ask, and the memory for all asks."""
    n_processes = max(FEWEST_PROCESSES, allotted() // 2)
    limits = AskLimits(settings.ask_s, settings.ask_memory_bytes)
    return n_processes, limits, MEMORY_SHARE * get_system_memory()


class AskingPool:
    """See the module. Threads and processes start with the first ask.

    Args:
        n_processes: Number of processes, at least 1.
        limits: Limits of one ask.
        memory_bytes: Memory that concurrent asks may take together; a single ask may always run.
    """

    def __init__(
        self, n_processes: int, limits: AskLimits, memory_bytes: float = math.inf
    ) -> None:
        self._memory_bytes = memory_bytes
        self._children = [Child(limits) for _ in range(n_processes)]
        self._running: list[Ask | None] = [None] * n_processes
        # Of the processes that take any ask, each job leaves one to the others.
        self._most_of_one = max(1, n_processes - 2)
        self._jobs: dict[int, deque[Ask]] = {}  # the job whose turn it is comes first
        self._answered: set[int] = set()
        self._since: dict[int, float] = {}
        self._changed = threading.Condition()
        self._is_stopped = False
        self._threads: list[threading.Thread] = []

    def put(self, ask: Ask) -> None:
        """Queue an ask."""
        with self._changed:
            self._jobs.setdefault(ask.asked.job_id, deque()).append(ask)
            self._since[id(ask)] = time.monotonic()
            self._start()
            self._changed.notify_all()

    def _start(self) -> None:
        if not self._threads:
            self._threads = [
                threading.Thread(target=self._serve, args=(i,), name=f"asking-{i}", daemon=True)
                for i in range(len(self._children))
            ]
            for thread in self._threads:
                thread.start()

    def answered(self) -> set[int]:
        """Return the jobs with an ask that has ended since the last call."""
        with self._changed:
            found, self._answered = self._answered, set()
        return found

    def wait_s(self, longest_s: float) -> float:
        """Return how long the dispatcher may wait for its workers before it looks for answers.

        It grows with the age of the latest ask: a quick answer is read soon, and a slow one is
        polled seldom.
        """
        with self._changed:
            if self._answered:
                return 0.0
            latest = max(self._since.values(), default=None)
        if latest is None:
            return longest_s
        return min(longest_s, max(SHORTEST_WAIT_S, DELAY * (time.monotonic() - latest)))

    def pids(self) -> list[int]:
        """Return the ids of the running processes."""
        return [child.pid for child in self._children if child.pid is not None]

    def n_running(self) -> int:
        """Return how many asks are being answered."""
        return sum(ask is not None for ask in self._running)

    def drop(self, job_id: int) -> None:
        """Cancel a job's asks, and end the processes that answer one."""
        with self._changed:
            for ask in self._jobs.pop(job_id, ()):
                self._cancel(ask)
            for child, running in zip(self._children, self._running, strict=True):
                if running is not None and running.asked.job_id == job_id:
                    self._cancel(running)
                    child.kill()

    def _cancel(self, ask: Ask) -> None:
        ask.is_cancelled = True
        self._since.pop(id(ask), None)

    def stop(self) -> None:
        """End all processes."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()
        for child, thread in zip(self._children, self._threads, strict=False):
            while thread.is_alive():
                child.kill()  # again: it may just be starting a process
                thread.join(0.1)

    # The threads

    def _serve(self, index: int) -> None:
        child = self._children[index]
        while not self._is_stopped:
            ask = self._next(index)
            if ask is None:
                child.close()  # with no lock held: the dispatcher's loop does not wait for its end
                continue
            try:
                ask.answer = child.ask(ask)
            except AskEndedError as error:
                self._end(ask, str(error))
            except Exception as error:  # noqa: BLE001 - the thread serves the other jobs, too
                child.kill()
                self._end(ask, f"{type(error).__name__}: {error}")
            child.rest()
            self._settle(index, ask)
        child.close()

    def _next(self, index: int) -> Ask | None:
        """Wait for this process's next ask; None after `IDLE_S` without one, and at the end."""
        until = time.monotonic() + IDLE_S
        with self._changed:
            while not self._is_stopped and (left_s := until - time.monotonic()) > 0:
                ask = self._choose(index)
                if ask is not None:
                    self._running[index] = ask
                    return ask
                self._changed.wait(left_s)
        return None

    def _choose(self, index: int) -> Ask | None:
        at_work = [ask.asked.job_id for ask in self._running[1:] if ask is not None]
        for job_id, asks in self._jobs.items():
            if index > 0 and at_work.count(job_id) >= self._most_of_one:
                continue
            found = next((ask for ask in asks if self._is_for(index, ask)), None)
            if found is not None and not self._has_room(index, found):
                return None
            if found is not None:
                asks.remove(found)
                del self._jobs[job_id]
                if asks:
                    self._jobs[job_id] = asks  # its next turn comes after all others'
                return found
        return None

    def _is_for(self, index: int, ask: Ask) -> bool:
        """Whether a process may take an ask; an idle one that holds the sampler has priority."""
        if index == 0 and not ask.asked.is_short and len(self._children) > 1:
            return False
        pairs = enumerate(zip(self._children, self._running, strict=True))
        return not any(
            child.holds(ask.asked.key) and running is None
            for other, (child, running) in pairs
            if other != index
        )

    def _has_room(self, index: int, ask: Ask) -> bool:
        """Whether an ask fits into memory with those that run; short ones need little."""
        running = [other for other in self._running[1:] if other is not None]
        if index == 0 or not running:
            return True
        taken = sum(LIBRARIES_BYTES + other.asked.memory_bytes for other in (*running, ask))
        return taken <= self._memory_bytes

    def _end(self, ask: Ask, reason: str) -> None:
        ask.n_ends += 1
        if not ask.is_cancelled:
            asked = {"job": ask.asked.job_id, "sampler": ask.asked.path, "n": ask.n_ends}
            LOG.warning("an ask ended without an answer", **asked, reason=reason)
        if ask.n_ends >= MOST_ENDS:
            ask.fault = reason

    def _settle(self, index: int, ask: Ask) -> None:
        with self._changed:
            self._running[index] = None
            if ask.is_cancelled or self._is_stopped:
                pass
            elif ask.is_done:
                self._since.pop(id(ask), None)
                self._answered.add(ask.asked.job_id)
            else:
                self._jobs.setdefault(ask.asked.job_id, deque()).appendleft(ask)
            self._changed.notify_all()
