"""The statements of an ask: offered trials become claims.

What an ask has to know comes with the offers that it takes: each statement that is waited for is a
trip to PostgreSQL.

Trainers call often, and making a statement takes longer than running it: each is made once. None
locks the row of the job, which a dispatcher holds for the length of a step: a claim is guarded by
the rows of its offers, and the end of a job removes those first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Table,
    bindparam,
    delete,
    func,
    insert,
    null,
    select,
    update,
)
from sqlalchemy.orm import Session

from service.records import Json, Trial
from service.states import AttemptState, JobState, TrialState
from service.storage import shared_clock
from service.storage.rows import to_value
from service.storage.statements import gather, is_postgresql, put
from service.storage.tables import DELETED, AttemptRow, JobRow, StudyRow, TrialRow
from service.storage.trainer_tables import ClaimRow, OfferRow, TrainerMessageRow

_JOBS, _STUDIES = cast("Table", JobRow.__table__), cast("Table", StudyRow.__table__)
_TRIALS, _ATTEMPTS = cast("Table", TrialRow.__table__), cast("Table", AttemptRow.__table__)
_OFFERS, _CLAIMS = cast("Table", OfferRow.__table__), cast("Table", ClaimRow.__table__)
_MESSAGES = cast("Table", TrainerMessageRow.__table__)

# States of a job whose offers may be taken.
OPEN = (JobState.RUNNING, JobState.EVALUATING)


@dataclass(frozen=True, slots=True)
class AskedJob:
    """What an ask needs to know of its job.

    Attributes:
        task: The section `task` of its spec.
        lease_owner: Its dispatcher.
        at: The present moment, by the clock of leases.
    """

    id: int
    state: JobState
    task: Json
    lease_owner: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class OfferedTrial:
    """A trial that was offered, or is claimed again.

    Attributes:
        assignment: By which its reports are answered.
        study: Name of its study.
        attempt_id: Where it was claimed before, or PostgreSQL has given an id for its attempt.
    """

    trial: Trial
    assignment: Json
    study: str
    attempt_id: int | None = None


def _about_job(is_pg: bool) -> Sequence[ColumnElement[Any]]:  # noqa: FBT001 - private
    task, state = _JOBS.c.spec["task"].label("task"), _JOBS.c.state.label("job_state")
    return (state, task, _JOBS.c.lease_owner, shared_clock.column(is_pg).label("at"))


def _job(job_id: int, row: Row[Any]) -> AskedJob:
    at = shared_clock.read(row.at)
    return AskedJob(job_id, JobState(row.job_state), row.task or {}, row.lease_owner, at)


@cache
def _asked(is_pg: bool) -> Select[Any]:  # noqa: FBT001 - private, and cached by it
    query = select(*_about_job(is_pg))
    return query.where(_JOBS.c.id == bindparam("wanted"), _JOBS.c.state != DELETED)


def job_of(session: Session, job_id: int) -> AskedJob | None:
    """Return a job without locking it; None where there is none."""
    row = session.execute(_asked(is_postgresql(session)), {"wanted": job_id}).one_or_none()
    return None if row is None else _job(job_id, row)


_HAS_OFFER = select(_OFFERS.c.id).where(_OFFERS.c.job_id == bindparam("job")).limit(1)


def has_offer(session: Session, job_id: int) -> bool:
    """Whether a job has a trial to claim."""
    return session.execute(_HAS_OFFER, {"job": job_id}).first() is not None


@cache
def _offered(is_pg: bool) -> Select[Any]:  # noqa: FBT001 - private, and cached by it
    first = (
        select(_OFFERS.c.id, _OFFERS.c.trial_id, _OFFERS.c.assignment)
        .where(_OFFERS.c.job_id == bindparam("job"))
        .order_by(_OFFERS.c.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
        .cte("first_offers")
    )
    # The key of the attempt is taken beforehand: nothing then waits until the attempt is stored.
    keys = func.pg_get_serial_sequence("attempts", "id")
    attempt_id: ColumnElement[Any] = func.nextval(keys) if is_pg else null()
    return (
        select(_TRIALS, first.c.assignment, first.c.id.label("offer_id"), *_about_job(is_pg))
        .add_columns(_STUDIES.c.name.label("study"), attempt_id.label("attempt_id"))
        .join_from(first, _TRIALS, _TRIALS.c.id == first.c.trial_id)
        .join(_STUDIES, _STUDIES.c.id == _TRIALS.c.study_id)
        .join(_JOBS, _JOBS.c.id == _TRIALS.c.job_id)
        .where(_JOBS.c.state.in_(OPEN))
        .order_by(first.c.id)
    )


_TAKEN = delete(_OFFERS).where(_OFFERS.c.id.in_(bindparam("taken", expanding=True)))
_STARTED = (
    update(_TRIALS)
    .where(_TRIALS.c.id.in_(bindparam("started", expanding=True)))
    .values(
        state=TrialState.RUNNING, started_at=bindparam("now"), n_attempts=_TRIALS.c.n_attempts + 1
    )
)


def take(session: Session, job_id: int, limit: int) -> tuple[AskedJob | None, list[OfferedTrial]]:
    """Take the first offers of an open job that no other transaction takes; their trials run now.

    Returns:
        The job, None where nothing is taken; what is taken.
    """
    statement = _offered(is_postgresql(session))
    found = session.execute(statement, {"job": job_id, "most": limit}).all()
    if not found:
        return None, []
    job = _job(job_id, found[0])
    gather(session, _TAKEN, {"taken": [row.offer_id for row in found]})
    gather(session, _STARTED, {"started": [row.id for row in found], "now": job.at})
    taken = [
        OfferedTrial(_running(row, job.at), row.assignment, row.study, row.attempt_id)
        for row in found
    ]
    return job, taken


def _running(row: Row[Any], at: datetime) -> Trial:
    trial = to_value(Trial, row)
    n_attempts = trial.n_attempts + 1
    return replace(trial, state=TrialState.RUNNING, started_at=at, n_attempts=n_attempts)


_CLAIMED = (
    select(_TRIALS, _CLAIMS.c.assignment, _CLAIMS.c.attempt_id, _STUDIES.c.name.label("study"))
    .join_from(_CLAIMS, _ATTEMPTS, _ATTEMPTS.c.id == _CLAIMS.c.attempt_id)
    .join(_TRIALS, _TRIALS.c.id == _CLAIMS.c.trial_id)
    .join(_STUDIES, _STUDIES.c.id == _TRIALS.c.study_id)
    .where(
        _CLAIMS.c.job_id == bindparam("job"),
        _CLAIMS.c.ask_digest == bindparam("ask"),
        _CLAIMS.c.outcome.is_(None),
        _ATTEMPTS.c.state == AttemptState.RUNNING,
    )
    .order_by(_CLAIMS.c.attempt_id)
)


def of_ask(session: Session, job_id: int, ask_digest: str) -> list[OfferedTrial]:
    """Return one ask's trials whose attempts have not ended, in their order."""
    rows = session.execute(_CLAIMED, {"job": job_id, "ask": ask_digest})
    return [
        OfferedTrial(to_value(Trial, row), row.assignment, row.study, row.attempt_id)
        for row in rows
    ]


_NEW_CLAIMS = insert(_CLAIMS)
_NEW_MESSAGES = insert(_MESSAGES).inline()  # nobody asks for their ids


def add(session: Session, rows: Sequence[Json]) -> None:
    """Store claims."""
    put(session, _NEW_CLAIMS, rows)


def send(session: Session, rows: Sequence[Json]) -> None:
    """Store messages for a job's dispatcher."""
    put(session, _NEW_MESSAGES, rows)
