"""A cache of answers whose cost grows with the trials of a job or of the database.

The data of an answer about a job changes together with an event of the job in the same transaction
(a trial's later number shows with the next event), so an answer computed after the last event is
still valid. A large running job has an event for every trial: an answer that took long is then
valid for a multiple of its duration, so that counting uses a bounded part of a core for any number
of open pages. A change of the job's state always shows at once.
"""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from service.records import Job

T = TypeVar("T")
Key = tuple[str, int | None]
# An answer that took longer may be outdated by this multiple of its duration.
QUICK_S = 0.02
PATIENCE = 20.0
# Upper limit for answers about a job, s.
OLDEST_S = 5.0
MOST_ANSWERS = 1_000


@dataclass(frozen=True, slots=True)
class _Answer:
    value: Any
    exact: Hashable
    version: int
    given_at: float
    took_s: float

    def holds(self, exact: Hashable, version: int, oldest_s: float) -> bool:
        if self.exact != exact:
            return False
        age_s = time.monotonic() - self.given_at
        may_be_old = self.took_s > QUICK_S and age_s < min(PATIENCE * self.took_s, oldest_s)
        return self.version == version or may_be_old


class Answers:
    """The answers of one database, the latest `MOST_ANSWERS` of them. Thread safety: all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[Key, _Answer] = OrderedDict()
        self._asking: dict[Key, threading.Lock] = {}
        self._versions = itertools.count()  # no two are the same

    def about(self, name: str, job: Job, last_event_id: int, compute: Callable[[], T]) -> T:
        """Return the result of `compute` for a job, from the cache if that is still valid.

        Args:
            name: Of the question.
            job: As read in this transaction.
            last_event_id: Of the job, read before anything that `compute` reads.
            compute: Threads that ask the same while it runs wait for its result.
        """
        return self._ask((name, job.id), job.state, last_event_id, OLDEST_S, compute)

    def lately(self, name: str, compute: Callable[[], T]) -> T:
        """Return the result of `compute`, or an earlier one if computing took long."""
        return self._ask((name, None), None, next(self._versions), math.inf, compute)

    def _ask(
        self, key: Key, exact: Hashable, version: int, oldest_s: float, compute: Callable[[], T]
    ) -> T:
        with self._lock:
            asking = self._asking.setdefault(key, threading.Lock())
        with asking:
            known = self._known.get(key)
            if known is None or not known.holds(exact, version, oldest_s):
                start = time.monotonic()
                value = compute()
                now = time.monotonic()
                known = _Answer(value, exact, version, now, now - start)
            self._keep(key, known)
        found: T = known.value
        return found

    def _keep(self, key: Key, answer: _Answer) -> None:
        with self._lock:
            self._known[key] = answer
            self._known.move_to_end(key)
            while len(self._known) > MOST_ANSWERS:
                oldest, _ = self._known.popitem(last=False)
                self._asking.pop(oldest, None)


def answers_in(session: Session) -> Answers:
    """Return the cache of the database that a session reads; a new, empty one for a writer."""
    found = session.info.get(Answers)
    return found if isinstance(found, Answers) else Answers()
