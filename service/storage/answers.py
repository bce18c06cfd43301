"""Answers that cost as much as a job, or the database, has trials: remembered while they hold.

What an answer about a job is made of changes with an event of the job in the same transaction (a
number that a trial gets later shows with the next one), so one that was given after the last event
is given again. A large job at work has an event for every trial: an answer that took long then
serves for many times what it took, so that however many pages look on, counting takes a bounded
part of a core. A change of the job's state is always seen at once.
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
# An answer that took longer may be old, by so many times what it took.
QUICK_S = 0.02
PATIENCE = 20.0
# About a job never by more than this, s.
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
        """Return what `compute` says of a job, as it said before if that still holds.

        Args:
            name: Of the question.
            job: As read in this transaction.
            last_event_id: Of the job, read before anything that `compute` reads.
            compute: Who asks the same while it runs waits for its answer.
        """
        return self._ask((name, job.id), job.state, last_event_id, OLDEST_S, compute)

    def lately(self, name: str, compute: Callable[[], T]) -> T:
        """Return what `compute` says, or said a while ago if that took long."""
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
    """Return the answers of the database that a session reads; none are known to a writer."""
    found = session.info.get(Answers)
    return found if isinstance(found, Answers) else Answers()
