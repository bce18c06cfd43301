"""The tables of webhooks and their outbox; see `service.storage.tables`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.storage.declarative import Base, Key


class WebhookRow(Base):
    """Where events are sent. `name` is its id in REST; the secrets are never shown."""

    __tablename__ = "webhooks"
    __table_args__ = (UniqueConstraint("name"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    url: Mapped[str] = mapped_column(Text)
    events: Mapped[list[Any]]
    secret: Mapped[str] = mapped_column(String(100))
    old_secret: Mapped[str | None] = mapped_column(String(100))
    old_secret_until: Mapped[datetime | None]
    off_reason: Mapped[str | None] = mapped_column(Text)
    n_dropped: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class WebhookDeliveryRow(Base):
    """A message to a webhook: written with the change that it announces, kept as a log.

    It outlives the job that it is about. While `state` is WAITING, `next_at` is when it is due;
    a dispatcher that sends it moves that on first, so that no other one takes it meanwhile.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("message_id"),
        Index(None, "state", "next_at"),
        Index(None, "webhook_id", "state", "id"),
        Index(None, "webhook_id", "id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    webhook_id: Mapped[int] = mapped_column(Key, ForeignKey("webhooks.id", ondelete="CASCADE"))
    message_id: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(40))
    job_id: Mapped[int | None] = mapped_column(Key)
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    n_attempts: Mapped[int] = mapped_column(Integer)
    tries: Mapped[list[Any]]
    created_at: Mapped[datetime]
    next_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
