"""Queries on the measured cost of trainings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, and_, func, or_, select, update
from sqlalchemy.orm import Session

from service.records import Calibration
from service.states import CalibrationState
from service.storage import shared_clock
from service.storage.rows import to_value
from service.storage.statements import insert_into
from service.storage.tables import CalibrationRow

_CALIBRATIONS = cast("Table", CalibrationRow.__table__)
MEASURED, OBSERVED = "calibration", "trials"

# The time of the last measurement, and the number of measurements.
Latest = tuple[datetime | None, int]


def find(session: Session, keys: Sequence[str]) -> list[Calibration]:
    """Return the calibrations of these keys, those in progress included."""
    query = select(CalibrationRow).where(CalibrationRow.key.in_(set(keys)))
    return [to_value(Calibration, row) for row in session.scalars(query)]


def put(session: Session, key: str, source: str, **values: Any) -> Calibration:
    """Store the calibration of a key and source; it replaces an earlier one.

    One statement, so that two processes that store the same key at once cannot fail.
    """
    statement = insert_into(session, _CALIBRATIONS).values(key=key, source=source, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["key", "source"], set_=values))
    query = select(CalibrationRow).where(
        CalibrationRow.key == key, CalibrationRow.source == source
    )
    row = session.scalars(query.execution_options(populate_existing=True)).one()
    return to_value(Calibration, row)


def _is_open(now: datetime) -> ColumnElement[bool]:
    over = shared_clock.has_run_out(CalibrationRow.lease_until, CalibrationRow.lease_owner, now)
    is_lost = and_(CalibrationRow.state == CalibrationState.RUNNING, over)
    return or_(CalibrationRow.state == CalibrationState.WAITING, is_lost)


def open_ones(session: Session) -> list[Calibration]:
    """Return the measurements that no dispatcher has leased, the oldest first."""
    now = shared_clock.now(session)
    query = select(CalibrationRow).where(_is_open(now)).order_by(CalibrationRow.id)
    return [to_value(Calibration, row) for row in session.scalars(query)]


def count_unfinished(session: Session) -> int:
    """Return how many measurements wait or run."""
    states = (CalibrationState.WAITING, CalibrationState.RUNNING)
    query = select(func.count()).where(CalibrationRow.state.in_(states))
    return session.scalars(query).one()


def latest(session: Session) -> Latest:
    """Return the time of the last measurement and their number: a clock may step back."""
    at = CalibrationRow.measured_at
    last, n = session.execute(select(func.max(at), func.count(at))).one()
    return last, n


def claim(session: Session, calibration_id: int, owner: str, lease_s: float) -> bool:
    """Lease a measurement to `owner`; return whether no other owner has it."""
    now = shared_clock.now(session)
    is_wanted = CalibrationRow.id == calibration_id
    query = select(CalibrationRow).where(is_wanted, _is_open(now))
    row = session.scalars(query.with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        return False
    row.state, row.lease_owner = CalibrationState.RUNNING, owner
    row.lease_until = now + timedelta(seconds=lease_s)
    return True


def change(session: Session, calibration_id: int, owner: str, **changes: Any) -> bool:
    """Set columns of a measurement that `owner` has leased; return whether it still has it."""
    query = select(CalibrationRow).where(
        CalibrationRow.id == calibration_id, CalibrationRow.lease_owner == owner
    )
    row = session.scalars(query.with_for_update()).one_or_none()
    if row is None:
        return False
    for name, value in changes.items():
        setattr(row, name, value)
    return True


def renew(session: Session, owner: str, until: datetime) -> None:
    """Move the deadline of every measurement that `owner` has leased."""
    session.execute(
        update(CalibrationRow).where(CalibrationRow.lease_owner == owner).values(lease_until=until)
    )


def release(session: Session, owner: str) -> None:
    """Release every measurement of `owner`, so that another dispatcher may take it at once."""
    session.execute(
        update(CalibrationRow)
        .where(CalibrationRow.lease_owner == owner)
        .values(lease_owner=None, state=CalibrationState.WAITING)
    )
