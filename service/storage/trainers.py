"""What a dispatcher reads and writes of trainers outside: offers, claims, messages, notes.

A dispatcher looks ten times a second, and making a statement takes longer than running it: those
of every look and step are made once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import BindParameter, Table, bindparam, delete, insert, literal, select, union_all
from sqlalchemy.orm import Session

from service.records import Json
from service.states import AttemptState, MessageKind
from service.storage.statements import key_chunks, put
from service.storage.tables import AttemptRow, MeasurementRow
from service.storage.trainer_tables import ClaimRow, OfferRow, TrainerAskRow, TrainerMessageRow

_ATTEMPTS, _CLAIMS = cast("Table", AttemptRow.__table__), cast("Table", ClaimRow.__table__)
_OFFERS, _ASKS = cast("Table", OfferRow.__table__), cast("Table", TrainerAskRow.__table__)
_MESSAGES = cast("Table", TrainerMessageRow.__table__)
_MEASUREMENTS = cast("Table", MeasurementRow.__table__)
_IS_JOB: BindParameter[int] = bindparam("job")
_IS_AT = bindparam("at", type_=_CLAIMS.c.lease_until.type)


@dataclass(frozen=True, slots=True)
class TrainerMessage:
    """What a trainer did with an attempt, and when."""

    attempt_id: int
    kind: MessageKind
    body: Json
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class ReportedEnd:
    """How an attempt ended, as its trainer said, with what its reports are answered by."""

    attempt_id: int
    outcome: Json
    assignment: Json


@dataclass(frozen=True, slots=True)
class TrainerNews:
    """Which jobs' trainers have done something.

    Attributes:
        heard: Jobs with messages, or with a trainer whose lease has ended.
        waited_for: Jobs that a trainer waits for.
    """

    heard: frozenset[int]
    waited_for: frozenset[int]


# Offers


_NEW_OFFERS = insert(_OFFERS)
_WITHDRAWN = delete(_OFFERS).where(_OFFERS.c.trial_id.in_(bindparam("gone", expanding=True)))


def offer(session: Session, rows: Sequence[Json]) -> None:
    """Store offers, in the order in which they are claimed: their ids rise."""
    put(session, _NEW_OFFERS, rows)


def offered(session: Session, job_id: int) -> set[int]:
    """Return the trials of a job that are offered."""
    return set(session.scalars(select(OfferRow.trial_id).where(OfferRow.job_id == job_id)))


def withdraw(session: Session, trial_ids: Collection[int]) -> None:
    """Remove the offers of some trials."""
    for some in key_chunks(trial_ids):
        session.execute(_WITHDRAWN, {"gone": some})


# Claims


def claimed(session: Session, job_id: int) -> dict[int, int]:
    """Return the attempts of a job that trainers have in hand, with their trials."""
    query = (
        select(ClaimRow.attempt_id, ClaimRow.trial_id)
        .join(AttemptRow, AttemptRow.id == ClaimRow.attempt_id)
        .where(AttemptRow.job_id == job_id, AttemptRow.state == AttemptState.RUNNING)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def working(session: Session, job_id: int) -> list[str]:
    """Return the names of the trainers that have a trial of a job in hand, each once."""
    query = select(AttemptRow.worker).where(
        AttemptRow.job_id == job_id, AttemptRow.state == AttemptState.RUNNING
    )
    return sorted({name for name in session.scalars(query) if name is not None})


_IS_LAPSED = (
    _ATTEMPTS.c.state == AttemptState.RUNNING,
    _CLAIMS.c.lease_until < _IS_AT,
    _CLAIMS.c.outcome.is_(None),
)
_LAPSED = (
    select(_CLAIMS.c.attempt_id, _ATTEMPTS.c.worker)
    .join_from(_CLAIMS, _ATTEMPTS, _ATTEMPTS.c.id == _CLAIMS.c.attempt_id)
    .where(_ATTEMPTS.c.job_id == _IS_JOB, *_IS_LAPSED)
    .order_by(_CLAIMS.c.attempt_id)
)


def lapsed(session: Session, job_id: int, at: datetime) -> dict[int, str | None]:
    """Return a job's attempts whose lease ended before any result, with their trainers."""
    found = session.execute(_LAPSED, {"job": job_id, "at": at})
    return {row.attempt_id: row.worker for row in found}


_HEARD_UNTIL = (
    select(_CLAIMS.c.lease_until)
    .where(_CLAIMS.c.job_id == _IS_JOB)
    .order_by(_CLAIMS.c.lease_until.desc())
    .limit(1)
)


def heard_until(session: Session, job_id: int) -> datetime | None:
    """Return when the last lease of a job ends or has ended; None where none was given."""
    found: datetime | None = session.execute(_HEARD_UNTIL, {"job": job_id}).scalar_one_or_none()
    return found


# Messages

_FIRST = (
    select(*_MESSAGES.c)
    .where(_MESSAGES.c.job_id == _IS_JOB)
    .order_by(_MESSAGES.c.id)
    .limit(bindparam("most"))
)
_HEARD = delete(_MESSAGES).where(_MESSAGES.c.id.in_(bindparam("heard", expanding=True)))


def take_messages(session: Session, job_id: int, limit: int) -> list[TrainerMessage]:
    """Remove the first messages of a job, and return them in their order."""
    found = session.execute(_FIRST, {"job": job_id, "most": limit}).all()
    for some in key_chunks([row.id for row in found]):
        session.execute(_HEARD, {"heard": some})
    return [
        TrainerMessage(row.attempt_id, MessageKind(row.kind), row.body, row.sent_at)
        for row in found
    ]


_ENDS = (MessageKind.VALUE, MessageKind.PRUNED, MessageKind.DIVERGED, MessageKind.FAILED)


def take_ends(session: Session, job_ids: Collection[int]) -> list[ReportedEnd]:
    """Remove all messages of some jobs; return the ends of attempts among them."""
    query = (
        select(ClaimRow.attempt_id, ClaimRow.outcome, ClaimRow.assignment)
        .join(TrainerMessageRow, TrainerMessageRow.attempt_id == ClaimRow.attempt_id)
        .where(TrainerMessageRow.job_id.in_(job_ids), TrainerMessageRow.kind.in_(_ENDS))
        .order_by(ClaimRow.attempt_id)
    )
    found = [ReportedEnd(row[0], row[1] or {}, row[2]) for row in session.execute(query)]
    session.execute(delete(TrainerMessageRow).where(TrainerMessageRow.job_id.in_(job_ids)))
    return found


_AMONG: BindParameter[Any] = bindparam("jobs", expanding=True)
_NEWS = union_all(
    select(_MESSAGES.c.job_id, literal(0).label("is_waited_for"))
    .where(_MESSAGES.c.job_id.in_(_AMONG))
    .distinct(),
    select(_ATTEMPTS.c.job_id, literal(0))
    .distinct()
    .join_from(_ATTEMPTS, _CLAIMS, _CLAIMS.c.attempt_id == _ATTEMPTS.c.id)
    .where(_ATTEMPTS.c.job_id.in_(_AMONG), *_IS_LAPSED),
    select(_ASKS.c.job_id, literal(1))
    .distinct()
    .where(_ASKS.c.job_id.in_(_AMONG), _ASKS.c.until > _IS_AT),
)


def news(session: Session, job_ids: Collection[int], at: datetime) -> TrainerNews:
    """Return for which of some jobs trainers have done something, or wait."""
    rows = session.execute(_NEWS, {"jobs": list(job_ids), "at": at}).all()
    waited_for = frozenset(row.job_id for row in rows if row.is_waited_for)
    return TrainerNews(frozenset(r.job_id for r in rows if not r.is_waited_for), waited_for)


# Waiting asks


def wait(session: Session, job_id: int, worker: str, n_wanted: int, until: datetime) -> int:
    """Note that a trainer waits for trials; return the number of the note."""
    row = {"job_id": job_id, "worker": worker, "n_wanted": n_wanted, "until": until}
    key = session.scalar(insert(TrainerAskRow).values(row).returning(TrainerAskRow.id))
    return int(key or 0)


_NOTE = delete(_ASKS).where(_ASKS.c.id == bindparam("note"))


def stop_waiting(session: Session, key: int) -> None:
    """Remove the note of a trainer that waited."""
    session.execute(_NOTE, {"note": key})


_WANTED = select(_ASKS.c.n_wanted, _ASKS.c.until).where(_ASKS.c.job_id == _IS_JOB)
_OVER = delete(_ASKS).where(_ASKS.c.job_id == _IS_JOB, _ASKS.c.until <= _IS_AT)


def n_wanted(session: Session, job_id: int, at: datetime) -> int:
    """Return how many trials trainers wait for; notes whose time is over are removed."""
    found = session.execute(_WANTED, {"job": job_id}).all()
    if any(row.until <= at for row in found):
        session.execute(_OVER, {"job": job_id, "at": at})
    return sum(row.n_wanted for row in found if row.until > at)


_IS_WAITED_FOR = (
    select(_ASKS.c.id).where(_ASKS.c.job_id == _IS_JOB, _ASKS.c.until > _IS_AT).limit(1)
)


def is_waited_for(session: Session, job_id: int, at: datetime) -> bool:
    """Whether a trainer waits for a job."""
    return session.execute(_IS_WAITED_FOR, {"job": job_id, "at": at}).first() is not None


# Measurements of claims

_REPORTED = (
    select(_MEASUREMENTS.c.attempt_id, _MEASUREMENTS.c.metrics)
    .where(
        _MEASUREMENTS.c.trial_id.in_(bindparam("trials", expanding=True)),
        _MEASUREMENTS.c.attempt_id.in_(bindparam("attempts", expanding=True)),
    )
    .order_by(_MEASUREMENTS.c.trial_id, _MEASUREMENTS.c.epoch)
)


def reported(session: Session, trials: Mapping[int, int]) -> dict[int, list[Json]]:
    """Return the metrics that attempts have reported, by epoch from 1, without a gap.

    Args:
        session: In a transaction.
        trials: The trial of each attempt.
    """
    found: dict[int, list[Json]] = defaultdict(list)
    for some in key_chunks(trials.keys()):
        given = {"trials": [trials[attempt_id] for attempt_id in some], "attempts": some}
        for row in session.execute(_REPORTED, given):
            found[row.attempt_id].append(row.metrics)
    return found
