"""Queries on what trainings cost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from service.records import Calibration
from service.states import CalibrationState
from service.storage.rows import to_value
from service.storage.tables import CalibrationRow

MEASURED, OBSERVED = "calibration", "trials"


def find(session: Session, keys: Sequence[str]) -> list[Calibration]:
    """Return what is known, or being measured, of these keys."""
    query = select(CalibrationRow).where(CalibrationRow.key.in_(set(keys)))
    return [to_value(Calibration, row) for row in session.scalars(query)]


def put(session: Session, key: str, source: str, **values: Any) -> Calibration:
    """Store what is known of a key from a source, in place of what was known from it."""
    query = select(CalibrationRow).where(
        CalibrationRow.key == key, CalibrationRow.source == source
    )
    row = session.scalars(query.with_for_update()).one_or_none()
    if row is None:
        row = CalibrationRow(key=key, source=source)
        session.add(row)
    for name, value in values.items():
        setattr(row, name, value)
    session.flush()
    return to_value(Calibration, row)


def _is_open(now: datetime) -> Any:  # noqa: ANN401 - SQLAlchemy's expression
    is_lost = and_(
        CalibrationRow.state == CalibrationState.RUNNING, CalibrationRow.lease_until < now
    )
    return or_(CalibrationRow.state == CalibrationState.WAITING, is_lost)


def oldest_open(session: Session, now: datetime) -> Calibration | None:
    """Return the oldest measurement that nobody is at."""
    query = select(CalibrationRow).where(_is_open(now)).order_by(CalibrationRow.id).limit(1)
    row = session.scalars(query).one_or_none()
    return to_value(Calibration, row) if row is not None else None


def claim(
    session: Session, calibration_id: int, owner: str, until: datetime, now: datetime
) -> bool:
    """Take a measurement; answer whether nobody else was faster."""
    query = select(CalibrationRow).where(CalibrationRow.id == calibration_id, _is_open(now))
    row = session.scalars(query.with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        return False
    row.state, row.lease_owner, row.lease_until = CalibrationState.RUNNING, owner, until
    return True


def change(session: Session, calibration_id: int, owner: str, **changes: Any) -> bool:
    """Set columns of a measurement that `owner` has taken; answer whether it still has it."""
    query = select(CalibrationRow).where(
        CalibrationRow.id == calibration_id, CalibrationRow.lease_owner == owner
    )
    row = session.scalars(query.with_for_update()).one_or_none()
    if row is None:
        return False
    for name, value in changes.items():
        setattr(row, name, value)
    return True
