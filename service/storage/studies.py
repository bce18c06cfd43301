"""Queries on the studies of a job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from service.digest import SEARCH_VERSION
from service.records import Study
from service.storage.recent import once
from service.storage.rows import to_value
from service.storage.tables import StudyRow

# Made once: making it takes longer than running it.
_OF_JOB = select(StudyRow).where(StudyRow.job_id == bindparam("wanted")).order_by(StudyRow.place)


def insert_all(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store the studies of new jobs."""
    same = {"is_finished": False, "search_version": SEARCH_VERSION}
    if rows:
        session.execute(insert(StudyRow), [{**row, **same} for row in rows])


def of_job(session: Session, job_id: int) -> list[Study]:
    """Return a job's studies in the order of its spec: samplers first, then controls."""

    def read() -> list[Study]:
        rows = session.scalars(_OF_JOB, {"wanted": job_id})
        return [to_value(Study, row) for row in rows]

    return list(once(session, (StudyRow, job_id), read))


def change(session: Session, study_id: int, **changes: Any) -> None:
    """Set columns of a study."""
    session.execute(update(StudyRow).where(StudyRow.id == study_id).values(**changes))
