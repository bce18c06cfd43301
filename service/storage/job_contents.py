"""What a job holds: how much goes when it is deleted."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, aliased

from service.storage.jobs import deleted
from service.storage.tables import ArtifactRow, DensityRow, EventRow, TrialRow


@dataclass(frozen=True, slots=True)
class JobContents:
    """The rows of a job, and its files but for those that other jobs share.

    Attributes:
        file_bytes: The size of these files together.
    """

    n_trials: int
    n_densities: int
    n_events: int
    n_files: int
    file_bytes: int


def contents_of(session: Session, job_id: int) -> JobContents:
    """Count what a job holds, with a query for each kind."""
    files, size = session.execute(
        select(func.count(), func.coalesce(func.sum(ArtifactRow.n_bytes), 0)).where(
            ArtifactRow.job_id == job_id, ArtifactRow.path != "", ~_is_shared(job_id)
        )
    ).one()
    return JobContents(
        n_trials=_count(session, TrialRow, job_id),
        n_densities=_count(session, DensityRow, job_id),
        n_events=_count(session, EventRow, job_id),
        n_files=files,
        file_bytes=int(size),
    )


def _count(session: Session, kind: type[TrialRow | DensityRow | EventRow], job_id: int) -> int:
    query = select(func.count()).select_from(kind).where(kind.job_id == job_id)
    return session.scalar(query) or 0


def _is_shared(job_id: int) -> ColumnElement[bool]:
    """Return whether another job names the same file."""
    other = aliased(ArtifactRow)
    query = select(other.id).where(other.path == ArtifactRow.path, other.job_id != job_id)
    return query.where(other.job_id.not_in(deleted())).exists()
