"""Queries on the looks at test splits: one for each job that judged arms on one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.storage.tables import SplitLookRow


def put(session: Session, job_id: int, split: str, at: datetime) -> None:
    """Store that a job has judged on a split; the first time of a job that goes on stays."""
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    insert_any = postgresql.insert if is_postgresql else sqlite.insert
    row = {"job_id": job_id, "split": split, "looked_at": at}
    session.execute(insert_any(SplitLookRow).values(row).on_conflict_do_nothing())


def count_before(session: Session, job_id: int, split: str, at: datetime) -> int:
    """Count the other jobs that had judged on a split by a time, deleted ones too."""
    query = select(func.count()).where(
        SplitLookRow.split == split,
        SplitLookRow.looked_at <= at,
        or_(SplitLookRow.job_id.is_(None), SplitLookRow.job_id != job_id),
    )
    return session.scalar(query) or 0


def forget_job(session: Session, job_id: int) -> None:
    """Keep the look of a job that is deleted, without its name."""
    session.execute(update(SplitLookRow).where(SplitLookRow.job_id == job_id).values(job_id=None))
