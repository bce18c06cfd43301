"""Webhooks and their messages, as the storage returns them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from service.records import Json
from service.states import DeliveryState


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where events are sent, without its secrets.

    Attributes:
        name: Its id in REST.
        events: The kinds of messages that it gets.
        old_secret_until: Until when the secret before the last rotation signs, too.
        off_reason: Why it was switched off; None while it is on.
        n_dropped: Messages that were not kept, since too many waited.
    """

    id: int
    name: str
    url: str
    events: list[str]
    old_secret_until: datetime | None
    off_reason: str | None
    n_dropped: int
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """A message to a webhook, and what became of it.

    Attributes:
        message_id: The same in all tries: receivers drop what they have had.
        tries: The last tries, oldest first: `at`, `status` or `error`, `seconds`.
        next_at: When it is due, while it waits.
    """

    id: int
    webhook_id: int
    message_id: str
    kind: str
    job_id: int | None
    body: str
    state: DeliveryState
    n_attempts: int
    tries: list[Json]
    created_at: datetime
    next_at: datetime
    ended_at: datetime | None
