"""What to do while the database refuses for a reason that passes by itself: wait, and go on.

SQLite has one writer at a time: a long write of another process refuses all others once
`service.storage.database.BUSY_TIMEOUT_MS` has passed. PostgreSQL ends transactions for locks,
deadlocks and conflicts, and closes connections when it restarts. None of this is a reason for a
process to end, or to throw work away that took minutes.

The dispatcher's loop has no limit of patience: it logs `OUTAGES` and takes its next turn. All else
that must not be lost calls `patiently`. Requests do neither: their answer is 503 with Retry-After.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Container
from typing import TypeVar

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from service.storage.deadlines import Deadline
from service.storage.refusals import Refusal, explain, refusal_of

LOG = structlog.get_logger(__name__)
# Errors by which the database, its driver or its pool of connections refuses.
OUTAGES = (DBAPIError, PoolTimeoutError)
# Another process holds a lock, or two hold each other's: it passes when that process ends.
CROWDED = frozenset({Refusal.BUSY, Refusal.SLOW})
# As well a server that restarts, or was replaced by another.
PASSING = CROWDED | {Refusal.AWAY}
RETRY_S = 1.0
# As long as ten transactions wait for a lock of SQLite.
PATIENCE_S = 300.0

T = TypeVar("T")


def patiently(
    work: Callable[[], T],
    what: str,
    *,
    passing: Container[Refusal] = PASSING,
    patience_s: float = PATIENCE_S,
    may_repeat: Callable[[], bool] = lambda: True,
) -> T:
    """Return what `work` returns; call it again while the database refuses.

    The first refusal is logged, and that the wait is over.

    Args:
        work: A transaction, or several that may be repeated. A commit whose answer was lost is
            repeated, too.
        what: What waits, for the log.
        passing: The refusals that are waited for.
        patience_s: No call begins later than this many seconds after the first.
        may_repeat: Whether a call that failed has left everything as it was.

    Raises:
        Exception: Of the last call: it was another error, or the patience is over.
    """
    deadline, has_waited = Deadline(patience_s), False
    while True:
        try:
            found = work()
        except OUTAGES as error:
            is_over = deadline.left_s <= 0 or not may_repeat()
            if is_over or refusal_of(error) not in passing:
                raise
            if not has_waited:
                LOG.warning("the database refused; waiting", work=what, reason=explain(error))
            has_waited = True
            time.sleep(RETRY_S)
        else:
            if has_waited:
                LOG.info("the database answers again", work=what)
            return found
