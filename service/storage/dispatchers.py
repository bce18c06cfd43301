"""Queries on dispatcher processes and their heartbeats."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from service.records import Json, RegisteredDispatcher
from service.storage import shared_clock
from service.storage.rows import to_value
from service.storage.tables import DispatcherRow

# Made once: making it takes longer than running it.
_ALIVE_ID = (
    select(DispatcherRow.id)
    .where(
        DispatcherRow.heartbeat_at > bindparam("after"),
        DispatcherRow.heartbeat_at < bindparam("before"),
    )
    .limit(1)
)


def put(session: Session, dispatcher: RegisteredDispatcher) -> None:
    """Store a dispatcher's present state."""
    session.merge(
        DispatcherRow(
            **{name: getattr(dispatcher, name) for name in RegisteredDispatcher.__slots__}
        )
    )


def remove(session: Session, dispatcher_id: str) -> None:
    """Forget a dispatcher that has ended."""
    session.execute(delete(DispatcherRow).where(DispatcherRow.id == dispatcher_id))


def every(session: Session) -> list[RegisteredDispatcher]:
    """Return all dispatchers that are not forgotten, the dead ones, too."""
    return [to_value(RegisteredDispatcher, row) for row in session.scalars(select(DispatcherRow))]


def alive(session: Session, within_s: float) -> list[RegisteredDispatcher]:
    """Return the dispatchers whose last heartbeat is at most `within_s` seconds old.

    A heartbeat in the future was written before the clock was set back, and does not count.
    """
    now, within = shared_clock.now(session), timedelta(seconds=within_s)
    at = DispatcherRow.heartbeat_at
    query = select(DispatcherRow).where(at > now - within, at < now + within)
    return [to_value(RegisteredDispatcher, row) for row in session.scalars(query)]


def is_any_alive(session: Session, within_s: float) -> bool:
    """Return whether `alive` has one: asked with almost every answer about a job."""
    now, within = shared_clock.now(session), timedelta(seconds=within_s)
    found = session.execute(_ALIVE_ID, {"after": now - within, "before": now + within})
    return found.first() is not None


def resources(session: Session) -> list[Json]:
    """Return the resources of the known dispatchers' clusters; silent ones are forgotten soon."""
    return list(session.scalars(select(DispatcherRow.resources)))


def remove_silent(session: Session, since: datetime) -> None:
    """Forget the dispatchers without a heartbeat after `since`."""
    session.execute(delete(DispatcherRow).where(DispatcherRow.heartbeat_at <= since))
