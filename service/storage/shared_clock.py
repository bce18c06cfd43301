"""The clock of leases and heartbeats, shared by all processes of a database.

On PostgreSQL it is the server's, so that machines whose clocks disagree agree on who is alive. On
SQLite all processes run on one machine and use its clock.

Any clock may be set while the product runs. A lease or heartbeat far in the future was written
before the clock was set back: it does not count, and a live dispatcher renews it at once.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import DateTime, func, or_, select
from sqlalchemy.orm import Session

from service import clock

# In leases: a deadline further ahead was not written by the present clock. Large enough for
# dispatchers with different settings.
FAR = 4.0


def now(session: Session) -> datetime:
    """Return the present time, the same for all processes of this database."""
    if session.get_bind().dialect.name != "postgresql":
        return clock.now()
    query = select(func.clock_timestamp(type_=DateTime(timezone=True)))
    return session.execute(query).scalar_one().astimezone(UTC)


def has_run_out(until: Any, at: datetime, lease_s: float) -> Any:  # noqa: ANN401 - SQLAlchemy's expressions
    """Return the condition that a lease is over, or was written before the clock was set back.

    Args:
        until: The column with its deadline.
        at: The present moment.
        lease_s: How long leases are, s.
    """
    return or_(until < at, until > at + timedelta(seconds=FAR * max(lease_s, 0.0)))
