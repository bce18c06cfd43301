"""When to look in the database again: most looks of an idle server find nothing."""

from __future__ import annotations

import math
import time

from service.storage.database import Database

# The longest time between two looks: leases end without anybody writing.
LONGEST_S = 1.0
# PostgreSQL: after a quiet time the next look may be late by this part of it, up to a limit.
LATE, LATEST_S = 0.1, 0.5


class LookTimes:
    """Says whether a look is due. Thread safety: one thread.

    SQLite: when any process has written since the last look. PostgreSQL has no such sign that
    costs less than a look: looks become rarer while they find nothing.

    Args:
        database: Where one looks.
        often_s: The shortest time between two looks, s.
        latest_s: PostgreSQL: the longest after a quiet time, s.
    """

    def __init__(self, database: Database, often_s: float, latest_s: float = LATEST_S) -> None:
        self._database, self._often_s = database, often_s
        self._latest_s = max(latest_s, often_s)
        self._looked_at = -math.inf
        self._news_at = time.monotonic()
        self._mark: object = None

    def is_due(self) -> bool:
        """Whether to look now; if so, the look counts as taken."""
        now, mark = time.monotonic(), self._database.written_at()
        since_s = now - self._looked_at
        if since_s < self._often_s:
            return False
        is_changed = self._is_late(now, since_s) if mark is None else mark != self._mark
        if not is_changed and since_s < max(LONGEST_S, self._often_s):
            return False
        self._looked_at, self._mark = now, mark
        return True

    def _is_late(self, now: float, since_s: float) -> bool:
        return since_s >= min(LATE * (now - self._news_at), self._latest_s)

    def repeat(self) -> None:
        """Note that the last look has failed: the next one is due at once."""
        self._looked_at = -math.inf

    def note_news(self) -> None:
        """Note that the last look has found something: the next ones follow soon."""
        self._news_at = time.monotonic()
