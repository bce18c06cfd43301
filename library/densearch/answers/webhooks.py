"""Webhooks and their deliveries, as the REST API shows them."""

from __future__ import annotations

from typing import Literal, TypedDict

from densearch.answers.trials import Time


class WebhookAnswer(TypedDict):
    """A webhook, without its secrets."""

    id: str
    url: str
    events: list[str]
    is_on: bool
    off_reason: str | None
    n_waiting: int
    n_dropped: int
    old_secret_until: Time | None
    created_at: Time
    changed_at: Time


class WebhookWithSecretAnswer(WebhookAnswer):
    """A webhook as it was stored, with the secret where it is new."""

    secret: str | None


class DeliveryTryAnswer(TypedDict):
    """One try to send a message."""

    at: Time
    n: int
    status: int | None
    error: str | None
    seconds: float


class DeliveryAnswer(TypedDict):
    """A message to a webhook, and what became of it."""

    id: int
    message_id: str
    type: str
    job_id: int | None
    state: Literal["WAITING", "DELIVERED", "FAILED"]
    n_attempts: int
    tries: list[DeliveryTryAnswer]
    body: str
    created_at: Time
    next_at: Time | None
    ended_at: Time | None
