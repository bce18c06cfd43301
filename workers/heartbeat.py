"""The dispatcher's heartbeat: its leases are renewed whatever its main loop is at.

A thread with a database connection of its own, so that a long step or one silent connection loses
no job. It falls silent itself when the main loop hangs, or that one would keep its jobs for ever.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

import structlog
from sqlalchemy.exc import SQLAlchemyError

from service import leases
from service.errors import DeadlineError
from service.records import Dispatcher
from service.storage import deadlines
from service.storage.database import Database
from service.storage.refusals import explain
from workers.watchdog import Watchdog

LOG = structlog.get_logger(__name__)
# Beats a lease: two may fail.
PER_LEASE = 3
RETRY_S = 1.0
# At the end of the process the thread is waited for so long.
JOIN_S = 5.0


class Heartbeat:
    """Renews a dispatcher's leases while the main loop goes on.

    Args:
        database: Shared with the main loop: the pool gives this thread its own connection.
        me: Returns the dispatcher as it is now.
        lease_s: How long each beat keeps the leases, s.
        watchdog: Knows whether the main loop hangs.
    """

    def __init__(
        self, database: Database, me: Callable[[], Dispatcher], lease_s: float, watchdog: Watchdog
    ) -> None:
        self._database, self._me, self._lease_s = database, me, lease_s
        self._watchdog = watchdog
        self._is_failing = self._is_silent = self._is_over = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._is_over = True
        self._wake.set()
        self._thread.join(JOIN_S)

    def hurry(self) -> None:
        """Beat now: what the dispatcher says of itself has changed."""
        self._wake.set()

    def _run(self) -> None:
        while not self._is_over:
            self._wake.clear()
            is_heard = self.beat()
            self._wake.wait(self._lease_s / PER_LEASE if is_heard else RETRY_S)

    def beat(self) -> bool:
        """Renew the leases, unless the main loop hangs; return whether that was heard."""
        if self._watchdog.is_stuck:
            if not self._is_silent:
                LOG.error("the main loop hangs: its jobs are left to other dispatchers")
            self._is_silent = True
            return False
        self._is_silent = False
        try:
            with deadlines.within(self._lease_s):
                leases.heartbeat(self._database, self._me(), self._lease_s)
        except (SQLAlchemyError, DeadlineError) as error:
            if not self._is_failing:
                LOG.error("the heartbeat is not heard", reason=explain(error), error=str(error))  # noqa: TRY400 - the cause is one line
            self._is_failing = True
            return False
        if self._is_failing:
            LOG.info("the heartbeat is heard again")
        self._is_failing = False
        return True
