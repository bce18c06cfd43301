"""The clock of leases and heartbeats, shared by all processes of a database.

On PostgreSQL it is the server's, so that machines whose clocks disagree agree on who is alive. On
SQLite all processes run on one machine and use its clock.

Any clock may be set while the product runs. A heartbeat far in the future was written before the
clock was set back: neither it nor the leases of its dispatcher count, and a live dispatcher renews
both at once. The length of a lease proves nothing: dispatchers may have different settings.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, DateTime, func, null, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from service import clock
from service.storage.statements import is_postgresql
from service.storage.tables import DispatcherRow

# A heartbeat further ahead, s, was not written by the present clock. Above the wait for SQLite's
# lock, which may lie between reading the clock and reading the row.
AHEAD_S = 60.0


def now(session: Session) -> datetime:
    """Return the present time, the same for all processes of this database."""
    if not is_postgresql(session):
        return clock.now()
    query = select(func.clock_timestamp(type_=DateTime(timezone=True)))
    return session.execute(query).scalar_one().astimezone(UTC)


def column(is_pg: bool) -> ColumnElement[Any]:  # noqa: FBT001 - which database is asked
    """Return what a SELECT names to learn the time on the way; `read` makes a time of it."""
    return func.clock_timestamp(type_=DateTime(timezone=True)) if is_pg else null()


def read(found: datetime | None) -> datetime:
    """Return the present time from what `column` gave."""
    return clock.now() if found is None else found.astimezone(UTC)


def has_run_out(
    until: InstrumentedAttribute[datetime | None],
    owner: InstrumentedAttribute[str | None],
    at: datetime,
) -> ColumnElement[bool]:
    """Return the condition that a lease is over, or was written before the clock was set back.

    Args:
        until: The column with its deadline.
        owner: The column with its dispatcher.
        at: The present moment.
    """
    ahead = DispatcherRow.heartbeat_at > at + timedelta(seconds=AHEAD_S)
    return or_(until < at, owner.in_(select(DispatcherRow.id).where(ahead)))
