"""Tags and notes of jobs."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.orm import Session

from service.storage.jobs import locked_row
from service.storage.tables import JobTagRow

# Made once: making it takes longer than running it.
_OF_JOBS = select(JobTagRow.job_id, JobTagRow.tag).where(
    JobTagRow.job_id.in_(bindparam("wanted", expanding=True))
)


def set_note(session: Session, job_id: int, note: str) -> None:
    """Replace a job's note.

    Raises:
        NotFoundError: There is no such job.
    """
    locked_row(session, job_id).note = note
    session.flush()


def set_tags(session: Session, job_id: int, tags: Collection[str]) -> None:
    """Replace a job's tags.

    Raises:
        NotFoundError: There is no such job.
    """
    locked_row(session, job_id)
    session.execute(delete(JobTagRow).where(JobTagRow.job_id == job_id))
    rows = [{"job_id": job_id, "tag": tag} for tag in sorted(set(tags))]
    if rows:
        session.execute(insert(JobTagRow), rows)


def tags_of(session: Session, job_ids: Sequence[int]) -> dict[int, list[str]]:
    """Return the tags of each of these jobs, in alphabetical order."""
    found: dict[int, list[str]] = {job_id: [] for job_id in job_ids}
    for job_id, tag in session.execute(_OF_JOBS, {"wanted": list(job_ids)}):
        found[job_id].append(tag)
    return {job_id: sorted(tags) for job_id, tags in found.items()}


def known_tags(session: Session, limit: int) -> list[str]:
    """Return the tags that jobs have, at most `limit`, in alphabetical order."""
    query = select(JobTagRow.tag).distinct().order_by(JobTagRow.tag).limit(limit)
    return list(session.scalars(query))
