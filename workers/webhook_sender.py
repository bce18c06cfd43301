"""Sends the messages of the outbox, in a thread of the dispatcher's process.

Several dispatchers may do so at once: each message is claimed by one. A message is sent at least
once, always with the same `webhook-id`; the order of messages is not kept.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import structlog

from service import clock
from service.errors import DeadlineError
from service.records import Json
from service.settings import Settings
from service.states import DeliveryState
from service.storage import deliveries
from service.storage.database import Database
from service.storage.deliveries import ClaimedDelivery
from service.storage.outages import OUTAGES
from service.storage.refusals import explain
from service.webhooks import schedule, signing
from service.webhooks.commands import MOST_WEBHOOKS
from workers.background import BackgroundThread
from workers.webhook_post import PostOutcome, post

LOG = structlog.get_logger(__name__)
EVERY_S = 1.0
PRUNE_EVERY_S = 3600.0
# Webhooks that are waited for at the same time: all of them, so that a slow one delays none.
N_AT_ONCE = MOST_WEBHOOKS
GONE = 410
# No message waits longer, unless the clock was set back.
_LONGEST_S = schedule.LONGEST_S * (1 + schedule.JITTER) + deliveries.CLAIM_S


class WebhookSender(BackgroundThread):
    """See the module.

    Args:
        settings: Give the database, and whether private addresses are allowed.
        every_s: Interval between two looks at the outbox, s.
    """

    def __init__(self, settings: Settings, every_s: float = EVERY_S) -> None:
        super().__init__("webhooks")
        self._settings, self._every_s = settings, every_s
        self._prune_at = 0.0
        self._is_refused = False

    def __exit__(self, *_: object) -> None:
        """Let the thread end by itself: what it is sending now is sent again later."""
        self._stop.set()
        self._wake.set()

    def _run(self) -> None:
        database = Database(self._settings.resolved_database_url, is_checkpointer=False)
        with ThreadPoolExecutor(N_AT_ONCE, "webhook") as pool:
            while not self._stop.is_set():
                self._try_turn(database, pool)
                self._pause(self._every_s)
        database.close()

    def _try_turn(self, database: Database, pool: ThreadPoolExecutor) -> None:
        try:
            while self.turn(database, pool) and not self._stop.is_set():
                pass
        except (*OUTAGES, OSError, DeadlineError) as error:
            if not self._is_refused:
                LOG.warning("webhooks wait for the database", reason=explain(error))
            self._is_refused = True
        except Exception:
            LOG.exception("sending to webhooks failed; trying again")
        else:
            self._is_refused = False

    def turn(self, database: Database, pool: ThreadPoolExecutor) -> int:
        """Send what is due, a message of each webhook; return how many there were."""
        self._prune(database)
        with database.read() as session:
            if not deliveries.has_due(session, _LONGEST_S):
                return 0
        with database.write() as session:
            claimed = deliveries.claim(session, _LONGEST_S)
        for one, outcome in zip(claimed, pool.map(self._sent, claimed), strict=True):
            settle(database, one, outcome)
        return len(claimed)

    def _sent(self, claimed: ClaimedDelivery) -> PostOutcome:
        headers = signing.headers_of(claimed.message_id, claimed.body, claimed.at, claimed.secrets)
        allows_private = self._settings.webhook_allow_private
        return post(claimed.url, claimed.body, headers, allows_private=allows_private)

    def _prune(self, database: Database) -> None:
        if time.monotonic() < self._prune_at:
            return
        with database.write() as session:
            deliveries.prune(session)
        self._prune_at = time.monotonic() + PRUNE_EVERY_S


def settle(database: Database, claimed: ClaimedDelivery, outcome: PostOutcome) -> None:
    """Store the outcome of a try, and whether and when there is another one.

    2xx ends a message, 410 switches the webhook off; everything else is tried again.
    """
    state, wait_s = DeliveryState.DELIVERED, 0.0
    if outcome.status is None or not 200 <= outcome.status < 300:
        left_s = schedule.wait_s(claimed.n_attempts)
        is_over = left_s is None or outcome.status == GONE
        state = DeliveryState.FAILED if is_over else DeliveryState.WAITING
        wait_s = left_s or 0.0
    with database.write() as session:
        deliveries.settle(session, claimed, _try_of(claimed, outcome), state, wait_s)
        if outcome.status == GONE:
            deliveries.switch_off(session, claimed.webhook, "its server answered 410: it is gone")
    if state is not DeliveryState.DELIVERED:
        LOG.info(
            "a webhook did not take a message",
            webhook=claimed.webhook,
            message=claimed.message_id,
            n_attempts=claimed.n_attempts,
            status=outcome.status,
            error=outcome.error,
        )


def _try_of(claimed: ClaimedDelivery, outcome: PostOutcome) -> Json:
    return {
        "at": clock.now().isoformat(),
        "n": claimed.n_attempts,
        "status": outcome.status,
        "error": outcome.error,
        "seconds": outcome.seconds,
    }
