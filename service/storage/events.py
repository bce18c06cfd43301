"""The events of a job, in the order of their ids."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Table, bindparam, func, insert, select
from sqlalchemy.orm import Session

from service import clock
from service.records import JobEvent, Json
from service.states import JobState
from service.storage.recent import once
from service.storage.rows import to_value
from service.storage.statements import put
from service.storage.tables import DELETED, EventRow, JobRow

_NEW = insert(cast("Table", EventRow.__table__))
# The id of a job's newest event, in a query on jobs.
NEWEST = select(func.max(EventRow.id)).where(EventRow.job_id == JobRow.id).scalar_subquery()
# Made once: making it takes longer than running it.
_LAST = select(func.max(EventRow.id)).where(EventRow.job_id == bindparam("wanted"))


@dataclass(frozen=True, slots=True)
class FeedStanding:
    """The progress of a job: whether it has ended, and its newest event (0 without any)."""

    is_final: bool
    last_event_id: int


def add(session: Session, job_id: int, kind: str, data: Json) -> None:
    """Announce something in the transaction that makes it true."""
    session.add(EventRow(job_id=job_id, kind=kind, data=data, created_at=clock.now()))


def add_for_jobs(session: Session, job_ids: Sequence[int], kind: str, data: Json) -> None:
    """Announce the same of several jobs."""
    same = {"kind": kind, "data": data, "created_at": clock.now()}
    put(session, _NEW, [{"job_id": job_id, **same} for job_id in job_ids])


def add_all(session: Session, job_id: int, found: Sequence[tuple[str, Json]]) -> None:
    """Announce several things in the order given."""
    now = clock.now()
    rows = [
        {"job_id": job_id, "kind": kind, "data": data, "created_at": now} for kind, data in found
    ]
    put(session, _NEW, rows)


def after(session: Session, job_id: int, last_id: int, limit: int) -> list[JobEvent]:
    """Return the job's events with an id above `last_id`, oldest first."""
    query = (
        select(EventRow)
        .where(EventRow.job_id == job_id, EventRow.id > last_id)
        .order_by(EventRow.id)
        .limit(limit)
    )
    return [to_value(JobEvent, row) for row in session.scalars(query)]


def queued_at(session: Session) -> datetime | None:
    """Return since when the job that is QUEUED for longest has been so, None without one."""
    # A job that was extended was queued again long after its creation.
    last = (
        select(EventRow.created_at)
        .where(EventRow.job_id == JobRow.id, EventRow.kind == "job")
        .order_by(EventRow.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    since = func.coalesce(last, JobRow.created_at)
    return session.scalar(select(func.min(since)).where(JobRow.state == JobState.QUEUED))


def standings(session: Session, job_ids: Collection[int]) -> dict[int, FeedStanding]:
    """Return the progress of these jobs in one snapshot; missing jobs are left out."""
    query = select(JobRow.id, JobRow.state, NEWEST)
    query = query.where(JobRow.id.in_(job_ids), JobRow.state != DELETED)
    return {
        job_id: FeedStanding(JobState(state).is_final, last_id or 0)
        for job_id, state, last_id in session.execute(query)
    }


def last_ids(session: Session, job_ids: Sequence[int]) -> dict[int, int]:
    """Return the id of the newest event of each of these jobs, 0 where one has none."""
    query = select(JobRow.id, NEWEST).where(JobRow.id.in_(list(job_ids)))
    return {job_id: last_id or 0 for job_id, last_id in session.execute(query)}


def last_id(session: Session, job_id: int) -> int:
    """Return the id of the job's newest event, 0 when it has none."""
    return once(
        session, (EventRow, job_id), lambda: session.scalar(_LAST, {"wanted": job_id}) or 0
    )
