"""Response models of webhooks and their deliveries."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from api.schemas.base import Out


class WebhookOut(Out):
    """A webhook, without its secrets."""

    id: str
    url: str
    events: list[str]
    is_on: bool = Field(description="Whether events are sent to it.")
    off_reason: str | None = Field(description="Why not; PUT switches it on again.")
    n_waiting: int = Field(description="Messages that wait to be sent, or to be sent again.")
    n_dropped: int = Field(description="Messages that were not kept, since 1,000 waited.")
    old_secret_until: datetime | None = Field(
        description="Until then the secret before the last rotation signs, too."
    )
    created_at: datetime
    changed_at: datetime


class WebhookWithSecretOut(WebhookOut):
    """A webhook as it was stored, with the secret where it is new."""

    secret: str | None = Field(description="Where it is new; it is never shown again.")


class DeliveryTryOut(Out):
    """One try to send a message."""

    at: datetime
    n: int = Field(description="Its number, from 1.")
    status: int | None = Field(description="Of the receiver's answer.")
    error: str | None = Field(description="Why there was no answer.")
    seconds: float


class DeliveryOut(Out):
    """A message to a webhook, and what became of it."""

    id: int
    message_id: str = Field(description="The header webhook-id, the same in all tries.")
    type: str
    job_id: int | None
    state: Literal["WAITING", "DELIVERED", "FAILED"]
    n_attempts: int
    tries: list[DeliveryTryOut] = Field(description="The last ones, oldest first.")
    body: str = Field(description="As it is sent.")
    created_at: datetime
    next_at: datetime | None = Field(description="When it is sent next, while it waits.")
    ended_at: datetime | None
