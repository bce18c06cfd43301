"""Queries on the looks at test splits: one for each job that judged arms on one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from service.storage.statements import insert_into
from service.storage.tables import SplitLookRow

# Made once: making it takes longer than running it.
_OWN = select(SplitLookRow).where(SplitLookRow.job_id == bindparam("wanted"))


def put(session: Session, job_id: int, split: str, at: datetime) -> None:
    """Store that a job has judged on a split; the first time of a job that goes on stays."""
    row = {"job_id": job_id, "split": split, "looked_at": at}
    session.execute(insert_into(session, SplitLookRow).values(row).on_conflict_do_nothing())


def n_before(session: Session, job_id: int) -> int | None:
    """Count the jobs that had judged on a job's test split before it, deleted ones too.

    Returns:
        None where the job has not judged on one.
    """
    own = session.scalars(_OWN, {"wanted": job_id}).one_or_none()
    if own is None:
        return None
    is_earlier = or_(
        SplitLookRow.looked_at < own.looked_at,
        and_(SplitLookRow.looked_at == own.looked_at, SplitLookRow.id < own.id),
    )
    query = select(func.count()).where(SplitLookRow.split == own.split, is_earlier)
    return session.scalar(query) or 0


def forget_job(session: Session, job_id: int) -> None:
    """Keep the look of a job that is deleted, without its name."""
    session.execute(update(SplitLookRow).where(SplitLookRow.job_id == job_id).values(job_id=None))
