"""Messages of the outbox that are due: claimed by one dispatcher, settled by what became of them.

A claim moves `next_at` on by `CLAIM_S`: where its dispatcher dies, another one sends the message
again, with the same id. So each is sent at least once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.orm import Session

from service.records import Json
from service.states import DeliveryState
from service.storage import shared_clock, webhooks
from service.storage.deletion import n_removed
from service.storage.outbox import TEST
from service.storage.webhook_tables import WebhookDeliveryRow, WebhookRow

# Longer than a try may take.
CLAIM_S = 60.0
MOST_TRIES_SHOWN = 20
# Ended messages are kept for so long, and so many of a webhook.
KEPT = timedelta(days=7)
MOST_ENDED = 1_000


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A message that this process is to send, once.

    Attributes:
        n_attempts: Tries, this one included.
        webhook: Name of the webhook.
        secrets: That sign it.
        at: The present moment, which is signed.
    """

    id: int
    message_id: str
    body: str
    n_attempts: int
    webhook: str
    url: str
    at: datetime
    secrets: tuple[str, ...] = field(repr=False)


def has_due(session: Session, longest_s: float) -> bool:
    """Return whether `claim` would find something."""
    due = _is_due(shared_clock.now(session), longest_s)
    return session.execute(select(WebhookDeliveryRow.id).where(due).limit(1)).first() is not None


def claim(session: Session, longest_s: float) -> list[ClaimedDelivery]:
    """Take the oldest due message of each webhook.

    Args:
        session: A write transaction.
        longest_s: The longest wait between two tries: what is due later than that was written
            before the clock was set back.
    """
    now = shared_clock.now(session)
    taken = []
    for webhook in session.scalars(select(WebhookRow).order_by(WebhookRow.id)).all():
        query = (
            select(WebhookDeliveryRow)
            .where(WebhookDeliveryRow.webhook_id == webhook.id, _is_due(now, longest_s))
            .order_by(WebhookDeliveryRow.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        for row in session.scalars(query):
            row.n_attempts += 1
            row.next_at = now + timedelta(seconds=CLAIM_S)
            taken.append(_claimed(row, webhook, now))
    session.flush()
    return taken


def _claimed(row: WebhookDeliveryRow, webhook: WebhookRow, now: datetime) -> ClaimedDelivery:
    return ClaimedDelivery(
        row.id,
        row.message_id,
        row.body,
        row.n_attempts,
        webhook.name,
        webhook.url,
        now,
        webhooks.secrets_of(webhook, now),
    )


def _is_due(now: datetime, longest_s: float) -> ColumnElement[bool]:
    at = WebhookDeliveryRow.next_at
    is_now = or_(at <= now, at > now + timedelta(seconds=longest_s))
    return (WebhookDeliveryRow.state == DeliveryState.WAITING) & is_now


def settle(
    session: Session,
    claimed: ClaimedDelivery,
    found: Json,
    state: DeliveryState,
    wait_s: float = 0.0,
) -> None:
    """Store the outcome of a try, unless another process has begun one since.

    Args:
        session: A write transaction.
        claimed: The message.
        found: The try, for the log.
        state: WAITING where it is to be sent again.
        wait_s: Until then, s.
    """
    row = session.get(WebhookDeliveryRow, claimed.id, with_for_update=True)
    if row is None or row.n_attempts != claimed.n_attempts or row.state != DeliveryState.WAITING:
        return
    now = shared_clock.now(session)
    row.tries = [*row.tries, found][-MOST_TRIES_SHOWN:]
    row.state = state
    if state is DeliveryState.WAITING:
        row.next_at = now + timedelta(seconds=wait_s)
    else:
        row.ended_at = now
    session.flush()


def switch_off(session: Session, name: str, reason: str) -> None:
    """Switch a webhook off: what waits for it is FAILED, but for tests."""
    row = session.scalars(
        select(WebhookRow).where(WebhookRow.name == name).with_for_update()
    ).one_or_none()
    if row is None:
        return
    row.off_reason = reason
    waiting = (
        WebhookDeliveryRow.webhook_id == row.id,
        WebhookDeliveryRow.state == DeliveryState.WAITING,
        WebhookDeliveryRow.kind != TEST,
    )
    ended = {"state": DeliveryState.FAILED, "ended_at": shared_clock.now(session)}
    session.execute(update(WebhookDeliveryRow).where(*waiting).values(**ended))
    session.flush()


def prune(session: Session) -> int:
    """Remove ended messages beyond what is kept; return their number."""
    before = shared_clock.now(session) - KEPT
    has_ended = WebhookDeliveryRow.state != DeliveryState.WAITING
    old = delete(WebhookDeliveryRow).where(has_ended, WebhookDeliveryRow.ended_at < before)
    n = n_removed(session, old)
    for webhook_id in session.scalars(select(WebhookRow.id)).all():
        of_it = (WebhookDeliveryRow.webhook_id == webhook_id, has_ended)
        newest = select(WebhookDeliveryRow.id).where(*of_it)
        newest = newest.order_by(WebhookDeliveryRow.id.desc())
        last = session.scalar(newest.offset(MOST_ENDED).limit(1))
        if last is not None:
            extra = delete(WebhookDeliveryRow).where(*of_it, WebhookDeliveryRow.id <= last)
            n += n_removed(session, extra)
    return n
