"""Queries on dispatcher processes and their heartbeats."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service.records import Dispatcher
from service.storage.rows import to_value
from service.storage.tables import DispatcherRow


def put(session: Session, dispatcher: Dispatcher) -> None:
    """Store a dispatcher's present state."""
    session.merge(
        DispatcherRow(**{name: getattr(dispatcher, name) for name in Dispatcher.__slots__})
    )


def remove(session: Session, dispatcher_id: str) -> None:
    """Forget a dispatcher that has ended."""
    session.execute(delete(DispatcherRow).where(DispatcherRow.id == dispatcher_id))


def alive(session: Session, since: datetime) -> list[Dispatcher]:
    """Return the dispatchers heard of after `since`."""
    query = select(DispatcherRow).where(DispatcherRow.heartbeat_at > since)
    return [to_value(Dispatcher, row) for row in session.scalars(query)]


def remove_silent(session: Session, since: datetime) -> None:
    """Forget the dispatchers not heard of after `since`."""
    session.execute(delete(DispatcherRow).where(DispatcherRow.heartbeat_at <= since))
