"""A cache of answers whose cost grows with the trials of a job or of the database.

The data of an answer about a job changes together with an event of the job in the same transaction
(a trial's later number shows with the next event), so an answer computed after the last event is
still valid. A large running job has an event for every trial: an answer that took long is then
valid for a multiple of its duration, so that counting uses a bounded part of a core for any number
of open pages. A change of the job's state always shows at once.

One thread computes an answer at a time. Others wait briefly, then take the previous answer, so
that a slow computation occupies one thread and one connection; if none is valid, they wait until
their deadline.
"""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from service.errors import DeadlineError
from service.records import Job
from service.storage import deadlines

T = TypeVar("T")
Key = tuple[str, int | None]
# An answer that took longer may be outdated by this multiple of its duration.
QUICK_S = 0.02
PATIENCE = 10.0
# Upper limit for answers about a job, s.
OLDEST_S = 5.0
MOST_ANSWERS = 1_000
# In all answers together: a figure of a large job has tens of thousands, of some 100 bytes each.
MOST_ITEMS = 200_000


@dataclass(frozen=True, slots=True)
class _Answer:
    value: Any
    exact: Hashable
    version: int
    given_at: float
    took_s: float

    @property
    def age_s(self) -> float:
        return time.monotonic() - self.given_at

    def holds(self, exact: Hashable, version: int, oldest_s: float) -> bool:
        if self.exact != exact:
            return False
        may_be_old = self.took_s > QUICK_S and self.age_s < min(PATIENCE * self.took_s, oldest_s)
        return self.version == version or may_be_old


@dataclass(eq=False, slots=True)
class _Question:
    """A key of the cache: its answer, and the lock of the thread that computes it."""

    answer: _Answer | None = None
    counting: threading.Lock = field(default_factory=threading.Lock)

    @property
    def n_items(self) -> int:
        value = self.answer.value if self.answer is not None else None
        return len(value) if isinstance(value, Sized) else 1


@dataclass(slots=True)
class Watch:
    """How long an answer that was given meanwhile may stay outdated, s; 0 where none is."""

    outdated_s: float = 0.0


_watch: ContextVar[Watch | None] = ContextVar("watch", default=None)


@contextmanager
def watching() -> Iterator[Watch]:
    """Watch the answers that are given in this context."""
    watch = Watch()
    before = _watch.set(watch)
    try:
        yield watch
    finally:
        _watch.reset(before)


def _note(answer: _Answer, version: int, oldest_s: float) -> None:
    watch = _watch.get()
    if watch is not None and answer.version != version:
        left_s = min(PATIENCE * answer.took_s, oldest_s) - answer.age_s
        # At least as long as it takes to be computed: another thread may be at it.
        watch.outdated_s = max(watch.outdated_s, left_s, answer.took_s)


class Answers:
    """The latest answers of one database, within `MOST_ANSWERS` and `MOST_ITEMS`.

    Thread safety: all.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[Key, _Question] = OrderedDict()
        self._versions = itertools.count()  # no two are the same

    def __len__(self) -> int:
        """Return how many questions are remembered, with an answer or without."""
        return len(self._known)

    def about(self, name: str, job: Job, last_event_id: int, compute: Callable[[], T]) -> T:
        """Return the result of `compute` for a job, from the cache if that is still valid.

        Args:
            name: Of the question.
            job: As read in this transaction.
            last_event_id: Of the job, read before anything that `compute` reads.
            compute: Is run by one thread at a time, see the module.

        Raises:
            DeadlineError: The computation of another thread takes too long.
        """
        return self._ask((name, job.id), job.state, last_event_id, OLDEST_S, compute)

    def lately(self, name: str, compute: Callable[[], T]) -> T:
        """Return the result of `compute`, or an earlier one if computing took long.

        Raises:
            DeadlineError: The computation of another thread takes too long.
        """
        return self._ask((name, None), None, next(self._versions), math.inf, compute)

    def _ask(
        self, key: Key, exact: Hashable, version: int, oldest_s: float, compute: Callable[[], T]
    ) -> T:
        question = self._question(key)
        old = _wait_for(question, exact, oldest_s)
        found: T
        if old is not None:
            _note(old, version, oldest_s)
            found = old.value
            return found
        try:
            known = question.answer
            if known is None or not known.holds(exact, version, oldest_s):
                start = time.monotonic()
                value = compute()
                now = time.monotonic()
                known = question.answer = _Answer(value, exact, version, now, now - start)
                self._tidy()
        finally:
            question.counting.release()
        _note(known, version, oldest_s)
        found = known.value
        return found

    def _question(self, key: Key) -> _Question:
        with self._lock:
            question = self._known.setdefault(key, _Question())
            self._known.move_to_end(key)
            while len(self._known) > MOST_ANSWERS:
                self._known.popitem(last=False)
        return question

    def _tidy(self) -> None:
        """Remove the least recently asked answers while all are too large; keep the latest."""
        with self._lock:
            n_items = sum(question.n_items for question in self._known.values())
            while n_items > MOST_ITEMS and len(self._known) > 1:
                n_items -= self._known.popitem(last=False)[1].n_items


def _wait_for(question: _Question, exact: Hashable, oldest_s: float) -> _Answer | None:
    """Take a question's lock, or return its previous answer while another thread computes.

    Raises:
        DeadlineError: Neither is possible in time.
    """
    if question.counting.acquire(timeout=QUICK_S):
        return None
    old = question.answer
    if old is not None and old.exact == exact and old.age_s < oldest_s:
        return old
    left_s = min(max(deadlines.left_s(), 0.0), threading.TIMEOUT_MAX)
    if not question.counting.acquire(timeout=left_s):
        raise DeadlineError
    return None


def answers_in(session: Session) -> Answers:
    """Return the cache of the database that a session reads; a new, empty one for a writer."""
    found = session.info.get(Answers)
    return found if isinstance(found, Answers) else Answers()
