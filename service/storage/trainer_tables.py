"""The tables of trainers outside, which ask for trials; see `service.storage.tables`.

A dispatcher offers trials, a trainer claims them and reports by message. None of these rows is a
result: those are in the tables of trials, attempts and measurements.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.storage.declarative import Base, Key


class OfferRow(Base):
    """A trial that a trainer may claim; the order of the ids is that of the claims."""

    __tablename__ = "offers"
    __table_args__ = (UniqueConstraint("trial_id"), Index(None, "job_id", "id"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    job_id: Mapped[int] = mapped_column(Key, ForeignKey("jobs.id", ondelete="CASCADE"))
    trial_id: Mapped[int] = mapped_column(Key, ForeignKey("trials.id", ondelete="CASCADE"))
    assignment: Mapped[dict[str, Any]]
    offered_at: Mapped[datetime]


class ClaimRow(Base):
    """A trial in a trainer's hands, and, once the attempt has ended, how it did.

    Of the token and of the ask's key only digests are stored.
    """

    __tablename__ = "claims"
    __table_args__ = (
        UniqueConstraint("token_digest"),
        Index(None, "trial_id"),
        Index(None, "job_id", "lease_until"),
        Index(None, "ask_digest"),
    )

    attempt_id: Mapped[int] = mapped_column(
        Key, ForeignKey("attempts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    job_id: Mapped[int] = mapped_column(Key, ForeignKey("jobs.id", ondelete="CASCADE"))
    trial_id: Mapped[int] = mapped_column(Key, ForeignKey("trials.id", ondelete="CASCADE"))
    token_digest: Mapped[str] = mapped_column(String(64))
    ask_digest: Mapped[str] = mapped_column(String(64))
    assignment: Mapped[dict[str, Any]]
    lease_until: Mapped[datetime]
    outcome: Mapped[dict[str, Any] | None]


class TrainerMessageRow(Base):
    """What a trainer did, until the dispatcher's next step takes it in."""

    __tablename__ = "trainer_messages"
    __table_args__ = (Index(None, "job_id", "id"), Index(None, "attempt_id"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    job_id: Mapped[int] = mapped_column(Key, ForeignKey("jobs.id", ondelete="CASCADE"))
    attempt_id: Mapped[int] = mapped_column(Key, ForeignKey("attempts.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(16))
    body: Mapped[dict[str, Any]]
    sent_at: Mapped[datetime]


class TrainerAskRow(Base):
    """A trainer that waits for a trial."""

    __tablename__ = "trainer_asks"
    __table_args__ = (Index(None, "job_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    job_id: Mapped[int] = mapped_column(Key, ForeignKey("jobs.id", ondelete="CASCADE"))
    worker: Mapped[str] = mapped_column(String(100))
    n_wanted: Mapped[int] = mapped_column(Integer)
    until: Mapped[datetime]
