"""The dispatcher's heartbeat: renews its leases during long steps of the main loop.

It runs in a thread with its own database connection, so that neither a long step nor one silent
connection loses a job. When the main loop hangs, the heartbeat stops renewing, so that other
dispatchers can take the jobs.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError

from service.errors import DeadlineError
from service.jobs import leases
from service.records import RegisteredDispatcher
from service.storage import deadlines
from service.storage.database import Database
from service.storage.refusals import explain
from workers.background import BackgroundThread
from workers.watchdog import Watchdog

LOG = structlog.get_logger(__name__)
# Beats in the time of a lease: two in a row may fail without losing it.
PER_LEASE = 3
RETRY_S = 1.0


class Heartbeat(BackgroundThread):
    """Renews a dispatcher's leases as long as its main loop makes progress.

    Args:
        database: Shared with the main loop: the pool gives this thread its own connection.
        me: Returns the dispatcher as it is now.
        lease_s: How long each beat keeps the leases, s.
        watchdog: Detects whether the main loop hangs.
    """

    def __init__(
        self,
        database: Database,
        me: Callable[[], RegisteredDispatcher],
        lease_s: float,
        watchdog: Watchdog,
    ) -> None:
        super().__init__("heartbeat")
        self._database, self._me, self._lease_s = database, me, lease_s
        self._watchdog = watchdog
        self._is_failing = self._is_silent = False

    def hurry(self) -> None:
        """Beat now, because the dispatcher's row (its resources or workers) has changed."""
        self._wake.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            is_renewed = self.beat()
            self._pause(self._lease_s / PER_LEASE if is_renewed else RETRY_S)

    def beat(self) -> bool:
        """Renew the leases, unless the main loop hangs; return whether they were renewed."""
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
                LOG.error("the heartbeat failed", reason=explain(error), error=str(error))  # noqa: TRY400 - the cause is one line
            self._is_failing = True
            return False
        if self._is_failing:
            LOG.info("the heartbeat works again")
        self._is_failing = False
        return True
