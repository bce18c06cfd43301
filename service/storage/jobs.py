"""Queries on jobs: pages, states, leases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, or_, select, update
from sqlalchemy.orm import Session

from service import clock
from service.errors import LeaseLostError, NotFoundError
from service.records import Job, Json
from service.states import JobState, check_job_transition
from service.storage import events, outbox, shared_clock
from service.storage.recent import once
from service.storage.rows import to_value
from service.storage.tables import DELETED, JobRow

# In these a job spends the time that its budget counts.
AT_WORK = (JobState.RUNNING, JobState.EVALUATING)
WORKING = (JobState.QUEUED, JobState.RUNNING, JobState.EVALUATING, JobState.PAUSED)

# Made once: making it takes longer than running it.
_LEASED = (
    select(JobRow.state, JobRow.waits_for, JobRow.lease_owner, JobRow.lease_fence)
    .where(JobRow.id == bindparam("wanted"))
    .with_for_update(key_share=True)
)
_WANTED = select(JobRow).where(JobRow.id == bindparam("wanted"), JobRow.state != DELETED)


def insert_all(session: Session, specs: Sequence[Json]) -> list[Job]:
    """Store new jobs, QUEUED, with the names of their specs and ids in their order."""
    same = {"state": JobState.QUEUED, "lease_fence": 0, "created_at": clock.now()}
    rows = [JobRow(name=spec["name"], spec=spec, **same) for spec in specs]
    session.add_all(rows)
    session.flush()
    return [to_value(Job, row) for row in rows]


def get(session: Session, job_id: int) -> Job:
    """Return a job.

    Raises:
        NotFoundError: There is none.
    """
    return once(session, (JobRow, job_id), lambda: to_value(Job, _row(session, job_id)))


def lock(session: Session, job_id: int) -> Job:
    """Return a job and hold its row until the transaction ends: the job's writers take turns.

    Rows that only refer to the job are stored meanwhile, as everywhere here: its key stays.
    Events of one job are thereby committed in the order of their ids.
    """
    return to_value(Job, locked_row(session, job_id))


def lock_open(session: Session, job_ids: Sequence[int]) -> list[int]:
    """Hold the rows of those of some jobs that have not ended; returns their ids."""
    query = select(JobRow).where(JobRow.id.in_(job_ids), JobRow.state.in_(WORKING))
    query = query.order_by(JobRow.id).with_for_update(key_share=True)
    found = session.scalars(query.execution_options(populate_existing=True))
    return [row.id for row in found]


def locked_row(session: Session, job_id: int) -> JobRow:
    """Like `lock`, for this package alone."""
    return _row(session, job_id, is_locked=True)


def deleted() -> Select[int]:
    """Return the query for the ids of deleted jobs, whose rows other queries must not show."""
    return select(JobRow.id).where(JobRow.state == DELETED)


def lock_leased(session: Session, job: Job) -> Job:
    """Like `lock`, for the dispatcher that claimed `job`; returns it with what users change.

    Raises:
        LeaseLostError: Another dispatcher holds it now, or a user has deleted it.
    """
    row = session.execute(_LEASED, {"wanted": job.id}).one_or_none()  # None once it was deleted
    if row is None or (row.lease_owner, row.lease_fence) != (job.lease_owner, job.lease_fence):
        raise LeaseLostError(job.id)
    return replace(job, state=JobState(row.state), waits_for=row.waits_for)


def time_at_work(session: Session, job_id: int) -> tuple[float, datetime | None]:
    """Return a job's `worked_s` and `working_since`: users' orders change them, too."""
    query = select(JobRow.worked_s, JobRow.working_since).where(JobRow.id == job_id)
    worked_s, since = session.execute(query).one()
    return worked_s, since


def _row(session: Session, job_id: int, *, is_locked: bool = False) -> JobRow:
    query = _WANTED
    if is_locked:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    row = session.scalars(query, {"wanted": job_id}).one_or_none()
    if row is None:
        raise NotFoundError("job", job_id)
    return row


def set_state(session: Session, job_id: int, new: JobState, **changes: Any) -> Job:
    """Move a job to another state, note the time, and announce it.

    Raises:
        IllegalTransitionError: The table of transitions does not allow it.
    """
    row = _row(session, job_id)
    check_job_transition(JobState(row.state), new)
    kind = outbox.kind_of(JobState(row.state), new, row.started_at)
    row.state = new
    row.waits_for = None
    _keep_time(row, is_at_work=new in AT_WORK)
    if new is JobState.RUNNING and row.started_at is None:
        row.started_at = clock.now()
    if new.is_final:
        row.finished_at = clock.now()
    for name, value in changes.items():
        setattr(row, name, value)
    events.add(session, job_id, "job", {"state": new})
    session.flush()
    job = to_value(Job, row)
    if kind is not None:
        outbox.announce(session, kind, job)
    return job


def _keep_time(row: JobRow, *, is_at_work: bool) -> None:
    now = clock.now()
    if row.working_since is not None:
        # Never less: the clock may have been set back.
        row.worked_s += max((now - row.working_since).total_seconds(), 0.0)
    row.working_since = now if is_at_work else None


def reopen(session: Session, job_id: int) -> Job:
    """Queue a job that has ended again, without its report; any dispatcher may take it.

    Raises:
        IllegalTransitionError: It has not ended, or was cancelled.
    """
    row = _row(session, job_id)
    row.lease_owner = None
    blank = {"report": None, "error": None, "finished_at": None}
    return set_state(session, job_id, JobState.QUEUED, **blank)


def set_spec(session: Session, job_id: int, spec: Json) -> None:
    """Store a job's spec with a value that the server has chosen."""
    _row(session, job_id).spec = spec
    session.flush()


def set_waits_for(session: Session, job_id: int, reason: str | None) -> Job:
    """Store why a job makes no progress, None while it does; announce a change."""
    row = _row(session, job_id)
    if row.waits_for != reason:
        row.waits_for = reason
        events.add(session, job_id, "job", {"state": row.state, "waits_for": reason})
        session.flush()
    return to_value(Job, row)


def claim(session: Session, owner: str, lease_s: float) -> list[Job]:
    """Lease every unfinished job that no dispatcher holds; each claim raises the fence."""
    now = shared_clock.now(session)
    query = (
        select(JobRow)
        .where(
            JobRow.state.in_(WORKING),
            _is_free(now),
        )
        .order_by(JobRow.id)
        .with_for_update(skip_locked=True, key_share=True)
    )
    claimed = []
    for row in session.scalars(query):
        row.lease_owner, row.lease_until = owner, now + timedelta(seconds=lease_s)
        row.lease_fence += 1
        claimed.append(row)
    session.flush()
    return [to_value(Job, row) for row in claimed]


def _is_free(now: datetime) -> ColumnElement[bool]:
    over = shared_clock.has_run_out(JobRow.lease_until, JobRow.lease_owner, now)
    return or_(JobRow.lease_owner.is_(None), over)


def held(session: Session, owner: str) -> list[int]:
    """Return the unfinished jobs that `owner` still holds, but for those whose rows are locked.

    The rows are held until the transaction ends.
    """
    query = (
        select(JobRow.id)
        .where(JobRow.lease_owner == owner, JobRow.state.in_(WORKING))
        .with_for_update(skip_locked=True, key_share=True)
    )
    return list(session.scalars(query))


def renew(session: Session, owner: str, until: datetime) -> None:
    """Move the deadline of every lease that `owner` still holds.

    A job whose row is locked keeps its deadline: its owner is working on it, and a heartbeat that
    waited for one job would be late for all.
    """
    own = JobRow.id.in_(held(session, owner))
    session.execute(update(JobRow).where(own).values(lease_until=until))


def release(session: Session, owner: str) -> None:
    """Release every lease of `owner`, so that another dispatcher may take over at once."""
    session.execute(update(JobRow).where(JobRow.lease_owner == owner).values(lease_owner=None))


@dataclass(frozen=True, slots=True)
class JobStanding:
    """An unfinished job, as a dispatcher's poll reads it.

    Attributes:
        is_claimable: Whether no dispatcher holds the job, or its holder has fallen silent.
    """

    id: int
    state: JobState
    waits_for: str | None
    lease_owner: str | None
    is_claimable: bool


def standings(session: Session) -> list[JobStanding]:
    """Return every unfinished job, oldest first."""
    is_free = _is_free(shared_clock.now(session))
    columns = (JobRow.id, JobRow.state, JobRow.waits_for, JobRow.lease_owner, is_free)
    query = select(*columns).where(JobRow.state.in_(WORKING)).order_by(JobRow.id)
    return [
        JobStanding(job_id, JobState(state), waits_for, owner, bool(is_claimable))
        for job_id, state, waits_for, owner, is_claimable in session.execute(query)
    ]


def succeeded_specs(session: Session, limit: int) -> list[tuple[int, Json]]:
    """Return id and spec of the jobs that have succeeded, the newest first, without reports."""
    query = select(JobRow.id, JobRow.spec).where(JobRow.state == JobState.SUCCEEDED)
    rows = session.execute(query.order_by(JobRow.id.desc()).limit(limit))
    return [(job_id, spec) for job_id, spec in rows]


@dataclass(frozen=True, slots=True)
class JudgedJob:
    """A finished job with the decision that its report holds, see `service.report.decision`."""

    id: int
    name: str
    finished_at: datetime
    decision: Json


def judged_before(session: Session, at: datetime, task: str, limit: int) -> list[JudgedJob]:
    """Return the jobs of a kind of task that were judged before a time, the newest first.

    Args:
        session: In a transaction.
        at: They were finished before.
        task: Kind of task.
        limit: At most so many.
    """
    columns = (JobRow.id, JobRow.name, JobRow.finished_at, JobRow.report["decision"])
    query = (
        select(*columns)
        .where(
            JobRow.state == JobState.SUCCEEDED,
            JobRow.finished_at < at,
            JobRow.report[("decision", "basis", "task")].as_string() == task,
        )
        .order_by(JobRow.finished_at.desc(), JobRow.id.desc())
        .limit(limit)
    )
    return [JudgedJob(*row) for row in session.execute(query)]
