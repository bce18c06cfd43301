"""Queries on what trainers outside are offered, have claimed and have reported."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, delete, func, insert, select, update
from sqlalchemy.orm import Session

from service.records import Json
from service.states import AttemptState, JobState, MessageKind, TrialState
from service.storage.jobs import deleted
from service.storage.statements import key_chunks
from service.storage.tables import AttemptRow, JobRow, MeasurementRow, StudyRow, TrialRow
from service.storage.trainer_tables import ClaimRow, OfferRow, TrainerAskRow, TrainerMessageRow
from service.trainer_errors import UnknownTokenError

_MESSAGES = cast("Table", TrainerMessageRow.__table__)


@dataclass(frozen=True, slots=True)
class Offer:
    """A trial that was offered, with the thresholds by which its reports are answered."""

    trial_id: int
    assignment: Json


@dataclass(frozen=True, slots=True)
class HeldClaim:
    """A trial in a trainer's hands.

    Attributes:
        outcome: How it ended, as the trainer reported; None before.
        state: Of the attempt.
        started_at: When it was claimed.
        worker: The trainer's name.
    """

    attempt_id: int
    trial_id: int
    job_id: int
    assignment: Json
    outcome: Json | None
    state: AttemptState
    started_at: datetime
    worker: str | None
    lease_until: datetime


@dataclass(frozen=True, slots=True)
class TrainerMessage:
    """What a trainer did with an attempt, and when."""

    attempt_id: int
    kind: MessageKind
    body: Json
    sent_at: datetime


# Offers


def offer(session: Session, rows: Sequence[Json]) -> None:
    """Store offers, in the order in which they are claimed."""
    for row in rows:  # one by one: their ids are that order
        session.execute(insert(OfferRow).values(row))


def offered(session: Session, job_id: int) -> set[int]:
    """Return the trials of a job that are offered."""
    return set(session.scalars(select(OfferRow.trial_id).where(OfferRow.job_id == job_id)))


def has_offer(session: Session, job_id: int) -> bool:
    """Whether a job has a trial to claim."""
    query = select(OfferRow.id).where(OfferRow.job_id == job_id).limit(1)
    return session.scalar(query) is not None


def withdraw(session: Session, trial_ids: Collection[int]) -> None:
    """Remove the offers of some trials."""
    for some in key_chunks(trial_ids):
        session.execute(delete(OfferRow).where(OfferRow.trial_id.in_(some)))


# Claims


def state_of(session: Session, job_id: int) -> JobState | None:
    """Return a job's state, which no other transaction changes before this one ends."""
    query = select(JobRow.state).where(JobRow.id == job_id).with_for_update(read=True)
    state = session.scalar(query)
    return JobState(state) if state is not None and state in JobState.__members__ else None


def take(session: Session, job_id: int, limit: int) -> list[Offer]:
    """Remove the first offers of a job that no other transaction takes, and return them."""
    query = (
        select(OfferRow)
        .where(OfferRow.job_id == job_id)
        .order_by(OfferRow.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = list(session.scalars(query))
    if found:
        session.execute(delete(OfferRow).where(OfferRow.id.in_([row.id for row in found])))
    return [Offer(row.trial_id, row.assignment) for row in found]


def start(session: Session, trial_id: int, at: datetime) -> None:
    """Mark a trial as running, one more attempt at it."""
    session.execute(
        update(TrialRow)
        .where(TrialRow.id == trial_id)
        .values(state=TrialState.RUNNING, started_at=at, n_attempts=TrialRow.n_attempts + 1)
    )


def attempt_numbers(session: Session, trial_ids: Collection[int]) -> dict[int, int]:
    """Return the number of the present attempt at each of some trials, from 1."""
    query = select(TrialRow.id, TrialRow.n_attempts).where(TrialRow.id.in_(trial_ids))
    return {row[0]: row[1] for row in session.execute(query)}


def study_names(session: Session, job_id: int) -> dict[int, str]:
    """Return the names of a job's studies."""
    query = select(StudyRow.id, StudyRow.name).where(StudyRow.job_id == job_id)
    return {row[0]: row[1] for row in session.execute(query)}


def add_claims(session: Session, rows: Sequence[Json]) -> None:
    """Store claims."""
    session.execute(insert(ClaimRow), rows)


def claims_of_ask(session: Session, job_id: int, ask_digest: str) -> list[tuple[int, int]]:
    """Return the attempts and trials of one ask's claims that have not ended, in their order."""
    query = (
        select(ClaimRow.attempt_id, ClaimRow.trial_id)
        .join(AttemptRow, AttemptRow.id == ClaimRow.attempt_id)
        .where(
            ClaimRow.job_id == job_id,
            ClaimRow.ask_digest == ask_digest,
            ClaimRow.outcome.is_(None),
            AttemptRow.state == AttemptState.RUNNING,
        )
        .order_by(ClaimRow.attempt_id)
    )
    return [(row[0], row[1]) for row in session.execute(query)]


def claim_of(session: Session, trial_id: int, token_digest: str) -> HeldClaim:
    """Return the claim of a token, which nobody else changes before this transaction ends.

    Raises:
        UnknownTokenError: The token is not of this trial.
    """
    query = (
        select(ClaimRow, AttemptRow)
        .join(AttemptRow, AttemptRow.id == ClaimRow.attempt_id)
        .where(
            ClaimRow.token_digest == token_digest,
            ClaimRow.trial_id == trial_id,
            ClaimRow.job_id.not_in(deleted()),
        )
        .with_for_update()
    )
    row = session.execute(query).one_or_none()
    if row is None:
        raise UnknownTokenError(trial_id)
    claim, attempt = row
    return HeldClaim(
        attempt_id=claim.attempt_id,
        trial_id=claim.trial_id,
        job_id=claim.job_id,
        assignment=claim.assignment,
        outcome=claim.outcome,
        state=AttemptState(attempt.state),
        started_at=attempt.started_at,
        worker=attempt.worker,
        lease_until=claim.lease_until,
    )


def end(session: Session, attempt_id: int, outcome: Json) -> None:
    """Store how the attempt of a claim ended."""
    change = update(ClaimRow).where(ClaimRow.attempt_id == attempt_id)
    session.execute(change.values(outcome=outcome))


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


def prolong(session: Session, attempt_ids: Collection[int], until: datetime) -> None:
    """Let the leases of some claims end no earlier than at a time."""
    for some in key_chunks(attempt_ids):
        session.execute(
            update(ClaimRow)
            .where(ClaimRow.attempt_id.in_(some), ClaimRow.lease_until < until)
            .values(lease_until=until)
        )


def lapsed(session: Session, job_id: int, at: datetime) -> dict[int, str | None]:
    """Return a job's attempts whose lease ended before any result, with their trainers."""
    query = (
        select(ClaimRow.attempt_id, AttemptRow.worker)
        .join(AttemptRow, AttemptRow.id == ClaimRow.attempt_id)
        .where(
            AttemptRow.job_id == job_id,
            AttemptRow.state == AttemptState.RUNNING,
            ClaimRow.lease_until < at,
            ClaimRow.outcome.is_(None),
        )
        .order_by(ClaimRow.attempt_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


# Messages


def send(
    session: Session, job_id: int, attempt_id: int, kind: str, body: Json, at: datetime
) -> None:
    """Store a message for the job's dispatcher."""
    row = {"job_id": job_id, "attempt_id": attempt_id, "kind": kind, "body": body, "sent_at": at}
    session.execute(insert(TrainerMessageRow).values(row))


def take_messages(session: Session, job_id: int, limit: int) -> list[TrainerMessage]:
    """Remove the first messages of a job, and return them in their order."""
    query = (
        select(TrainerMessageRow)
        .where(TrainerMessageRow.job_id == job_id)
        .order_by(TrainerMessageRow.id)
        .limit(limit)
    )
    found = list(session.scalars(query))
    for some in key_chunks([row.id for row in found]):
        session.connection().execute(delete(_MESSAGES).where(_MESSAGES.c.id.in_(some)))
    return [
        TrainerMessage(row.attempt_id, MessageKind(row.kind), row.body, row.sent_at)
        for row in found
    ]


def with_news(session: Session, job_ids: Collection[int], at: datetime) -> set[int]:
    """Return those of some jobs that have messages, or a trainer whose lease has ended."""
    sent = select(TrainerMessageRow.job_id).distinct().where(TrainerMessageRow.job_id.in_(job_ids))
    ended = (
        select(AttemptRow.job_id)
        .distinct()
        .join(ClaimRow, ClaimRow.attempt_id == AttemptRow.id)
        .where(
            AttemptRow.job_id.in_(job_ids),
            AttemptRow.state == AttemptState.RUNNING,
            ClaimRow.lease_until < at,
            ClaimRow.outcome.is_(None),
        )
    )
    return {job_id for query in (sent, ended) for job_id in session.scalars(query)}


def heard_until(session: Session, job_id: int) -> datetime | None:
    """Return when the last lease of a job ends or has ended; None where none was given."""
    query = select(ClaimRow.lease_until).where(ClaimRow.job_id == job_id)
    return session.scalar(query.order_by(ClaimRow.lease_until.desc()).limit(1))


# Waiting asks


def wait(session: Session, job_id: int, worker: str, n_wanted: int, until: datetime) -> int:
    """Note that a trainer waits for trials; return the number of the note."""
    row = {"job_id": job_id, "worker": worker, "n_wanted": n_wanted, "until": until}
    key = session.scalar(insert(TrainerAskRow).values(row).returning(TrainerAskRow.id))
    return int(key or 0)


def stop_waiting(session: Session, key: int) -> None:
    """Remove the note of a trainer that waited."""
    session.execute(delete(TrainerAskRow).where(TrainerAskRow.id == key))


def n_wanted(session: Session, job_id: int, at: datetime) -> int:
    """Return how many trials trainers wait for; notes whose time is over are removed."""
    session.execute(
        delete(TrainerAskRow).where(TrainerAskRow.job_id == job_id, TrainerAskRow.until <= at)
    )
    query = select(func.sum(TrainerAskRow.n_wanted)).where(TrainerAskRow.job_id == job_id)
    return int(session.scalar(query) or 0)


def waited_for(session: Session, job_ids: Collection[int], at: datetime) -> set[int]:
    """Return those of some jobs that trainers wait for."""
    query = (
        select(TrainerAskRow.job_id)
        .distinct()
        .where(TrainerAskRow.job_id.in_(job_ids), TrainerAskRow.until > at)
    )
    return set(session.scalars(query))


def waiting_workers(session: Session, job_id: int, at: datetime) -> list[str]:
    """Return the names of the trainers that wait, each once."""
    query = (
        select(TrainerAskRow.worker)
        .distinct()
        .where(TrainerAskRow.job_id == job_id, TrainerAskRow.until > at)
    )
    return sorted(session.scalars(query))


# Measurements of a claim


def reported(session: Session, trial_id: int, attempt_id: int) -> list[Json]:
    """Return the metrics that an attempt has reported, by epoch from 1, without a gap."""
    query = (
        select(MeasurementRow.metrics)
        .where(MeasurementRow.trial_id == trial_id, MeasurementRow.attempt_id == attempt_id)
        .order_by(MeasurementRow.epoch)
    )
    return list(session.scalars(query))


def measure(session: Session, row: dict[str, Any]) -> None:
    """Store a measurement."""
    session.execute(insert(MeasurementRow).values(row))
