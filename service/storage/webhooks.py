"""Queries on webhooks, and on the log of what was sent to them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from service import clock
from service.errors import NotFoundError
from service.states import DeliveryState
from service.storage import outbox
from service.storage.rows import to_value
from service.storage.webhook_tables import WebhookDeliveryRow, WebhookRow
from service.webhook_records import Webhook, WebhookDelivery

OVERLAP = timedelta(days=1)


def every(session: Session) -> list[Webhook]:
    """Return all webhooks, in the order of their names."""
    query = select(WebhookRow).order_by(WebhookRow.name)
    return [to_value(Webhook, row) for row in session.scalars(query)]


def get(session: Session, name: str) -> Webhook:
    """Return a webhook.

    Raises:
        NotFoundError: There is none of this name.
    """
    return to_value(Webhook, _row(session, name))


def find(session: Session, name: str) -> Webhook | None:
    """Return a webhook, None where there is none of this name."""
    row = session.scalars(select(WebhookRow).where(WebhookRow.name == name)).one_or_none()
    return None if row is None else to_value(Webhook, row)


def _row(session: Session, name: str) -> WebhookRow:
    query = select(WebhookRow).where(WebhookRow.name == name).with_for_update()
    row = session.scalars(query).one_or_none()
    if row is None:
        raise NotFoundError("webhook", name)
    return row


def insert(
    session: Session, *, name: str, url: str, events: Sequence[str], secret: str
) -> Webhook:
    """Store a new webhook; the table refuses a name that another has."""
    now = clock.now()
    row = WebhookRow(
        name=name,
        url=url,
        events=list(events),
        secret=secret,
        n_dropped=0,
        created_at=now,
        changed_at=now,
    )
    session.add(row)
    session.flush()
    return to_value(Webhook, row)


def change(session: Session, name: str, *, url: str, events: Sequence[str]) -> Webhook:
    """Change where a webhook is and what it gets, and switch it on."""
    row = _row(session, name)
    if (row.url, row.events, row.off_reason) != (url, list(events), None):
        row.url, row.events, row.off_reason = url, list(events), None
        row.changed_at = clock.now()
        session.flush()
    return to_value(Webhook, row)


def rotate(session: Session, name: str, secret: str) -> Webhook:
    """Give a webhook another secret; the one before signs for a day, too."""
    row = _row(session, name)
    if row.secret != secret:
        row.old_secret, row.secret = row.secret, secret
        row.changed_at = clock.now()
        row.old_secret_until = row.changed_at + OVERLAP
        session.flush()
    return to_value(Webhook, row)


def remove(session: Session, name: str) -> None:
    """Delete a webhook with its messages, those that wait too."""
    row = _row(session, name)
    session.execute(delete(WebhookDeliveryRow).where(WebhookDeliveryRow.webhook_id == row.id))
    session.delete(row)
    session.flush()


def add_test(session: Session, name: str) -> WebhookDelivery:
    """Write a test message to a webhook, which may be switched off."""
    return to_value(WebhookDelivery, outbox.add_test(session, _row(session, name)))


def deliveries(
    session: Session, webhook_id: int, limit: int, before: int | None = None
) -> list[WebhookDelivery]:
    """Return the messages to a webhook with ids below `before`, the newest first."""
    query = select(WebhookDeliveryRow).where(WebhookDeliveryRow.webhook_id == webhook_id)
    if before is not None:
        query = query.where(WebhookDeliveryRow.id < before)
    query = query.order_by(WebhookDeliveryRow.id.desc()).limit(limit)
    return [to_value(WebhookDelivery, row) for row in session.scalars(query)]


def n_waiting(session: Session, webhook_ids: Collection[int]) -> dict[int, int]:
    """Count the messages of each of these webhooks that wait to be sent."""
    query = (
        select(WebhookDeliveryRow.webhook_id, func.count())
        .where(
            WebhookDeliveryRow.webhook_id.in_(webhook_ids),
            WebhookDeliveryRow.state == DeliveryState.WAITING,
        )
        .group_by(WebhookDeliveryRow.webhook_id)
    )
    found = {row[0]: row[1] for row in session.execute(query)}
    return {webhook_id: found.get(webhook_id, 0) for webhook_id in webhook_ids}


def secrets_of(row: WebhookRow, at: datetime) -> tuple[str, ...]:
    """Return the secrets that sign at a time, the present one first."""
    if row.old_secret is None or row.old_secret_until is None or at >= row.old_secret_until:
        return (row.secret,)
    return row.secret, row.old_secret
