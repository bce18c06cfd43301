"""The tables of campaigns; see `service.storage.tables`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.storage.declarative import Base, Key


class CampaignRow(Base):
    """A campaign: the spec that its jobs share, and the matrix of what they differ by."""

    __tablename__ = "campaigns"
    # Clients ask for a campaign by its id, which is never given to another.
    __table_args__ = (UniqueConstraint("key"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    base: Mapped[dict[str, Any]]
    matrix: Mapped[dict[str, Any]]
    key: Mapped[str | None] = mapped_column(String(255))
    body_digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]


class CampaignCellRow(Base):
    """A cell of a campaign's matrix; it outlives its job."""

    __tablename__ = "campaign_cells"
    __table_args__ = (UniqueConstraint("campaign_id", "place"), Index(None, "job_id"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(Key, ForeignKey("campaigns.id", ondelete="CASCADE"))
    place: Mapped[int] = mapped_column(Integer)
    settings: Mapped[dict[str, Any]]
    job_id: Mapped[int | None] = mapped_column(Key, ForeignKey("jobs.id", ondelete="SET NULL"))
