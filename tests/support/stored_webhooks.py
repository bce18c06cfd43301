"""Webhooks in a database, and what was sent to them."""

from __future__ import annotations

from collections.abc import Sequence

from service.storage import outbox, webhooks
from service.storage.database import Database
from service.webhook_records import Webhook, WebhookDelivery
from service.webhooks import signing


def new_webhook(
    database: Database,
    name: str,
    url: str = "http://127.0.0.1:9/",
    events: Sequence[str] = outbox.KINDS,
    secret: str | None = None,
) -> Webhook:
    """Store a webhook, whose address nobody has checked."""
    given = secret or signing.new_secret()
    with database.write() as session:
        return webhooks.insert(session, name=name, url=url, events=events, secret=given)


def sent_to(database: Database, name: str) -> list[WebhookDelivery]:
    """Return the messages to a webhook, the newest first."""
    with database.read() as session:
        return webhooks.deliveries(session, webhooks.get(session, name).id, 1000)
