"""Removing a job: it is marked in one small transaction, its rows are deleted later in chunks.

No other query of this package sees a marked job or its rows.

SQLite reuses the highest id of a table once its row is deleted, and other places keep ids:
`cached_from`, addresses, assignments of a worker. So the row with the highest id stays, with the
rows that it refers to, until a later row was stored.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, cast

from sqlalchemy import CursorResult, Delete, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from service.states import JobState, check_deletable
from service.storage import item_losses, split_looks
from service.storage.campaign_tables import CampaignCellRow
from service.storage.declarative import Base
from service.storage.jobs import deleted, locked_row
from service.storage.tables import (
    DELETED,
    ArtifactRow,
    AttemptRow,
    DensityRow,
    EvaluationRow,
    EventRow,
    IdempotencyKeyRow,
    JobRow,
    JobTagRow,
    MeasurementRow,
    StudyRow,
    TrialRow,
)
from service.storage.trainer_tables import (
    ClaimRow,
    OfferRow,
    TrainerAskRow,
    TrainerMessageRow,
)

# Tables that refer to a study and a trial, with few rows a job.
_LEAVINGS = (ArtifactRow, EvaluationRow, DensityRow)


def mark(session: Session, job_id: int) -> None:
    """Make a job that has ended invisible, and empty its row.

    Raises:
        NotFoundError: There is no such job.
        NotDeletableError: It has not ended.
    """
    row = locked_row(session, job_id)
    check_deletable(JobState(row.state))
    row.state, row.name, row.spec, row.note = DELETED, "", {}, ""
    row.report = row.error = row.waits_for = None
    # A dispatcher that does not yet know of the job's end detects the loss of its lease.
    row.lease_owner, row.lease_until, row.lease_fence = None, None, row.lease_fence + 1
    for kind in (IdempotencyKeyRow, JobTagRow, OfferRow, TrainerMessageRow, TrainerAskRow):
        session.execute(delete(kind).where(kind.job_id == job_id))
    split_looks.forget_job(session, job_id)
    # A campaign keeps the settings of the cell.
    of_job = CampaignCellRow.job_id == job_id
    session.execute(update(CampaignCellRow).where(of_job).values(job_id=None))


def marked(session: Session) -> list[int]:
    """Return the ids of the marked jobs that still have rows."""
    query = select(JobRow.id).where(JobRow.state == DELETED).order_by(JobRow.id)
    return list(session.scalars(query))


def paths_of(session: Session, job_id: int) -> list[str]:
    """Return the paths that a job's artifacts name, without those that were cleared."""
    query = select(ArtifactRow.path).where(ArtifactRow.job_id == job_id, ArtifactRow.path != "")
    return list(session.scalars(query))


def unused_paths(session: Session, job_id: int) -> list[str]:
    """Return those paths of a marked job that no job names but marked ones."""
    paths = set(paths_of(session, job_id))
    query = select(ArtifactRow.path).where(
        ArtifactRow.path.in_(paths), ArtifactRow.job_id.not_in(deleted())
    )
    return sorted(paths - set(session.scalars(query)))


def forget_paths(session: Session, job_id: int, removed: Collection[str]) -> None:
    """Clear the paths of a marked job, and those in `removed` of all marked jobs.

    Rows may stay for their ids; their files are not looked for again.
    """
    is_gone = and_(ArtifactRow.path.in_(removed), ArtifactRow.job_id.in_(deleted()))
    change = update(ArtifactRow).where(or_(ArtifactRow.job_id == job_id, is_gone)).values(path="")
    session.execute(change.execution_options(synchronize_session=False))


def remove_some(job_id: int, session: Session, limit: int) -> int:
    """Remove up to about `limit` rows of a marked job, children first.

    Returns:
        How many rows were removed; 0 when no row is left that may be removed now.
    """
    return (
        _remove_events(session, job_id, limit)
        or sum(_remove_below_last(session, kind, job_id) for kind in _LEAVINGS)
        or _remove_trials(session, job_id, limit)
        or _remove_below_last(session, StudyRow, job_id, keep=_studies_in_use(session, job_id))
        or _remove_job(session, job_id)
    )


def n_removed(session: Session, statement: Delete) -> int:
    """Remove rows in bulk and count them; for this package alone."""
    statement = statement.execution_options(synchronize_session=False)
    return cast("CursorResult[Any]", session.execute(statement)).rowcount


def _remove_events(session: Session, job_id: int, limit: int) -> int:
    query = select(EventRow.id).where(EventRow.job_id == job_id).order_by(EventRow.id)
    return n_removed(session, delete(EventRow).where(EventRow.id.in_(query.limit(limit))))


def _remove_below_last(
    session: Session, kind: type[Any], job_id: int, keep: Collection[int] = ()
) -> int:
    """Remove a job's rows of one table, but for the table's last row and those in `keep`."""
    return n_removed(
        session,
        delete(kind).where(
            kind.job_id == job_id, kind.id < _last_id(session, kind), kind.id.not_in(keep)
        ),
    )


def _last_id(session: Session, kind: type[Any]) -> int:
    return session.scalar(select(func.max(kind.id))) or 0


def _remove_trials(session: Session, job_id: int, limit: int) -> int:
    """Remove some of a job's trials with what belongs to them alone."""
    query = (
        select(TrialRow.id, TrialRow.digest)
        .where(TrialRow.job_id == job_id, TrialRow.id.not_in(_trials_in_use(session, job_id)))
        .limit(limit)
    )
    digests = {row.id: row.digest for row in session.execute(query)}
    if not digests:
        return 0
    columns = (MeasurementRow.trial_id, ClaimRow.trial_id, AttemptRow.trial_id, TrialRow.id)
    n = sum(n_removed(session, delete(c.class_).where(c.in_(digests))) for c in columns)
    item_losses.remove_unused(session, digests.values())
    return n


def _trials_in_use(session: Session, job_id: int) -> set[int]:
    """Return the trials of a job that are, or belong to, the last row of a table."""
    kinds = (AttemptRow, *_LEAVINGS)
    found = {_last_of(session, kind, job_id, kind.trial_id) for kind in kinds}
    found.add(_last_of(session, TrialRow, job_id, TrialRow.id))
    return {trial_id for trial_id in found if trial_id is not None}


def _last_of(session: Session, kind: type[Any], job_id: int, column: Any) -> int | None:  # noqa: ANN401 - a column
    query = select(column).where(kind.id == _last_id(session, kind), kind.job_id == job_id)
    found: int | None = session.scalar(query)
    return found


def _studies_in_use(session: Session, job_id: int) -> set[int]:
    kinds = (TrialRow, EvaluationRow, DensityRow)
    queries = (select(kind.study_id).where(kind.job_id == job_id) for kind in kinds)
    return {study_id for query in queries for study_id in session.scalars(query)}


def _remove_job(session: Session, job_id: int) -> int:
    kinds: tuple[type[Base], ...] = (StudyRow, TrialRow, AttemptRow, *_LEAVINGS)
    for kind in cast("tuple[type[Any], ...]", kinds):
        if session.scalar(select(kind.id).where(kind.job_id == job_id).limit(1)) is not None:
            return 0
    own = delete(JobRow).where(JobRow.id == job_id, JobRow.state == DELETED)
    return n_removed(session, own.where(JobRow.id < _last_id(session, JobRow)))
