"""Expendable rows of jobs that ended some time ago: events, measurements, idempotency keys.

They contain no result: values, curves and metrics are stored with the trials. The last event with
the job's state is kept, so that a client that follows the job still receives its end. Events are
removed last: a job with earlier ones has not been pruned completely.

Old costs of trainings (calibrations) are expendable, too: an estimate, or a job whose packs have
no width yet, has them measured again.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, delete, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from service.states import CalibrationState, JobState, Phase
from service.storage.deletion import n_removed
from service.storage.statements import key_chunks
from service.storage.tables import (
    DELETED,
    CalibrationRow,
    EventRow,
    IdempotencyKeyRow,
    JobRow,
    MeasurementRow,
    TrialRow,
)

# A job's own events, in queries that also name events otherwise.
_OWN = aliased(EventRow)
_FINAL = tuple(state for state in JobState if state.is_final)
# The states of a calibration that is neither waiting nor being measured.
_OVER = (CalibrationState.DONE, CalibrationState.FAILED)


@dataclass(frozen=True, slots=True)
class Pruned:
    """Rows of each table that are, or would be, removed."""

    events: int
    measurements: int
    idempotency_keys: int
    calibrations: int


def prunable(session: Session, before: datetime) -> list[int]:
    """Return the ids of the jobs that ended before a time and have not been pruned since."""
    first = _events(JobRow.id).order_by(_OWN.id).limit(1).scalar_subquery()
    query = _ended(before).where(first < _last_word(JobRow.id)).order_by(JobRow.id)
    return list(session.scalars(query))


def count(session: Session, before: datetime) -> Pruned:
    """Count what pruning all jobs that ended before a time would remove."""
    ended = _ended(before)
    n = select(func.count())
    queries = (
        n.select_from(EventRow)
        .join(JobRow, JobRow.id == EventRow.job_id)
        .where(JobRow.id.in_(ended), EventRow.id < _last_word(JobRow.id)),
        n.select_from(MeasurementRow)
        .join(TrialRow, TrialRow.id == MeasurementRow.trial_id)
        .where(TrialRow.job_id.in_(ended)),
        n.select_from(IdempotencyKeyRow).where(IdempotencyKeyRow.job_id.in_(ended)),
        n.select_from(CalibrationRow).where(_is_old(before)),
    )
    return Pruned(*(session.scalar(query) or 0 for query in queries))


def hold(session: Session, job_id: int, before: datetime) -> bool:
    """Whether a job still ended before a time; locks it, so that it is not reopened meanwhile."""
    query = _ended(before).where(JobRow.id == job_id).with_for_update()
    return session.scalar(query) is not None


def next_trials(session: Session, job_id: int, phase: Phase, after: int, limit: int) -> list[int]:
    """Return the ids of a job's trials of a phase above `after`, in the order of an index."""
    query = select(TrialRow.id).where(
        TrialRow.job_id == job_id, TrialRow.phase == phase, TrialRow.id > after
    )
    return list(session.scalars(query.order_by(TrialRow.id).limit(limit)))


def remove_measurements(session: Session, trial_ids: list[int]) -> int:
    """Remove the measurements of these trials."""
    return n_removed(session, delete(MeasurementRow).where(MeasurementRow.trial_id.in_(trial_ids)))


def remove_events(session: Session, job_id: int, limit: int) -> int:
    """Remove some of a job's events, the oldest first, except the last one with its state."""
    past = _events(job_id).where(_OWN.id < _last_word(job_id)).order_by(_OWN.id).limit(limit)
    return n_removed(session, delete(EventRow).where(EventRow.id.in_(past)))


def remove_keys(session: Session, before: datetime, limit: int) -> int:
    """Remove some of the idempotency keys of jobs that ended before a time."""
    query = select(IdempotencyKeyRow.key).where(IdempotencyKeyRow.job_id.in_(_ended(before)))
    chosen = query.limit(limit)
    return n_removed(session, delete(IdempotencyKeyRow).where(IdempotencyKeyRow.key.in_(chosen)))


def remove_calibrations(session: Session, before: datetime, limit: int) -> int:
    """Remove some of the calibrations that ended before a time."""
    chosen = select(CalibrationRow.id).where(_is_old(before)).limit(limit)
    return n_removed(session, delete(CalibrationRow).where(CalibrationRow.id.in_(chosen)))


def _is_old(before: datetime) -> ColumnElement[bool]:
    return and_(CalibrationRow.state.in_(_OVER), CalibrationRow.measured_at < before)


def _ended(before: datetime) -> Select[int]:
    return select(JobRow.id).where(JobRow.state.in_(_FINAL), JobRow.finished_at < before)


def _events(job_id: InstrumentedAttribute[int] | int) -> Select[int]:
    return select(_OWN.id).where(_OWN.job_id == job_id)


def _last_word(job_id: InstrumentedAttribute[int] | int) -> ScalarSelect[int]:
    """Select the last event with a job's state."""
    said = aliased(EventRow)
    # Not by max(), which would read all events of the job.
    query = select(said.id).where(said.job_id == job_id, said.kind == "job")
    return query.order_by(said.id.desc()).limit(1).scalar_subquery()


def kept_jobs(session: Session, job_ids: Collection[int], before: datetime | None) -> set[int]:
    """Return those of these jobs that are not deleted, and did not end before a time."""
    found: set[int] = set()
    for some in key_chunks(job_ids):
        query = select(JobRow.id).where(JobRow.id.in_(some), JobRow.state != DELETED)
        if before is not None:
            ended = JobRow.finished_at
            query = query.where(or_(ended.is_(None), ended >= before))
        found |= set(session.scalars(query))
    return found
