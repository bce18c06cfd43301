"""Short reads that many requests repeat at once: one serves all of them for a quarter of a second.

What is read may be `OLDEST_S` old. It is never older than what the reader's own transaction sees
elsewhere, than what this process wrote, or than what `RecentReads.forget` was called for: a stream
announces no event that a later request would miss. The same holds for an answer that is made of
such reads and serves several requests (`freshness_of`).
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy.orm import Session

T = TypeVar("T")
# As often as the event streams poll, s.
OLDEST_S = 0.25
MOST_KEPT = 1_000


@dataclass(slots=True)
class Opening:
    """When a transaction for reading was opened; how often all reads were forgotten by then.

    Attributes:
        oldest_s: When the oldest of the reads that it was given was made.
        own: What it has read itself, see `once`.
    """

    at_s: float
    n_forgotten: int
    oldest_s: float = math.inf
    own: dict[Hashable, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Freshness:
    """Which requests may have what was made of a transaction's reads, as they may have the reads.

    Attributes:
        until_s: Those that came by then.
        n_forgotten: How often all reads were forgotten before it was made.
    """

    until_s: float
    n_forgotten: int

    def serves(self, asked: Opening) -> bool:
        """Whether a request may have it, whose own transaction would have been opened so."""
        return asked.n_forgotten <= self.n_forgotten and asked.at_s <= self.until_s


@dataclass(frozen=True, slots=True)
class _Read:
    value: Any
    at_s: float


class RecentReads:
    """The latest short reads of one database.

    Thread safety: all.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._n_forgotten = 0
        self._found: dict[Hashable, _Read] = {}

    def __len__(self) -> int:
        """Return how many reads are kept."""
        return len(self._found)

    def opening(self) -> Opening:
        """Return what a transaction that is opened now may take of earlier ones."""
        return Opening(time.monotonic(), self._n_forgotten)

    def forget(self) -> None:
        """Have everything read again: something has changed."""
        with self._lock:
            self._n_forgotten += 1
            self._found.clear()

    def get(self, key: Hashable, opening: Opening, read: Callable[[], T]) -> T:
        """Return what was read under a key before a transaction was opened, or read it now."""
        found = self._found.get(key)
        # What was read later than the transaction began may be newer than all else that it reads.
        if found is not None and found.at_s <= opening.at_s <= found.at_s + OLDEST_S:
            opening.oldest_s = min(opening.oldest_s, found.at_s)
            value: T = found.value
            return value
        value = read()
        with self._lock:
            if self._n_forgotten == opening.n_forgotten:
                if len(self._found) >= MOST_KEPT:
                    self._found.clear()
                self._found[key] = _Read(value, time.monotonic())
        return value


def freshness_of(session: Session) -> Freshness | None:
    """Return how long an answer made in a transaction may serve others; None for a writer's."""
    opening = session.info.get(Opening)
    if not isinstance(opening, Opening):
        return None
    return Freshness(min(opening.at_s, opening.oldest_s) + OLDEST_S, opening.n_forgotten)


def recently(session: Session, key: Hashable, read: Callable[[], T]) -> T:
    """Return what was read under a key just before, or read it now; a writer always reads."""
    reads, opening = session.info.get(RecentReads), session.info.get(Opening)
    if not isinstance(reads, RecentReads) or not isinstance(opening, Opening):
        return read()
    return reads.get(key, opening, read)


def once(session: Session, key: Hashable, read: Callable[[], T]) -> T:
    """Return what this transaction has read under a key, or read it now; a writer always reads."""
    opening = session.info.get(Opening)
    if not isinstance(opening, Opening):
        return read()
    if key not in opening.own:
        opening.own[key] = read()
    found: T = opening.own[key]
    return found
