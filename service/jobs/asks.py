"""Asks of trainers outside: each claims trials that are offered, or notes that a trainer waits.

An ask is one transaction, and idempotent by the key of its request.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from service.errors import NotFoundError
from service.records import Json, Trial
from service.states import MessageKind
from service.storage import claims, held_claims, trainers, trials
from service.storage.claims import AskedJob, OfferedTrial
from service.storage.database import Database
from service.tasks.external import KIND
from service.trainer_errors import NotExternalError

MOST_TRIALS = 100


@dataclass(frozen=True, slots=True)
class ClaimedTrial:
    """A trial in a trainer's hands."""

    trial: Trial
    study: str
    token: str
    lease_until: datetime


@dataclass(frozen=True, slots=True)
class AskedTrials:
    """The answer to an ask.

    Attributes:
        job: The job.
        claims: The trials that were claimed; none where none is offered now.
    """

    job: AskedJob
    claims: list[ClaimedTrial]


def token_of(key: str, attempt_id: int) -> str:
    """Return the token of an attempt that a request with this key claimed."""
    return hmac.new(key.encode(), f"attempt {attempt_id}".encode(), hashlib.sha256).hexdigest()


def digest_of_token(token: str) -> str:
    """Return what is stored of a token, or of a key."""
    return hashlib.sha256(token.encode()).hexdigest()


def asked_job(session: Session, job_id: int) -> AskedJob:
    """Return a job whose trials may be asked for.

    Raises:
        NotFoundError: There is no such job.
        NotExternalError: Our own workers train it.
    """
    job = claims.job_of(session, job_id)
    if job is None:
        raise NotFoundError("job", job_id)
    if job.task.get("kind") != KIND:
        raise NotExternalError(job.id)
    return job


def lease_s_of(job: AskedJob) -> float:
    """Return how long a trial stays with a trainer that is silent, s."""
    return float(job.task["lease_s"])


def find(database: Database, job_id: int) -> tuple[AskedJob, bool]:
    """Return a job, and whether an ask would find a trial now, without changing anything.

    Raises:
        NotFoundError: There is no such job.
        NotExternalError: Our own workers train it.
    """
    with database.read(is_brief=True) as session:
        job = asked_job(session, job_id)
        return job, job.state in claims.OPEN and claims.has_offer(session, job_id)


def claim(
    database: Database, job_id: int, n: int, worker: str, key: str, *, is_new: bool = False
) -> AskedTrials:
    """Claim up to `n` trials; those that the same request claimed before are its trials again.

    Args:
        database: Where the job is.
        job_id: Which.
        n: How many, from 1.
        worker: Name of the trainer, for people.
        key: Secret of the request, from which the tokens are derived.
        is_new: Whether nobody can have sent this key before.

    Raises:
        NotFoundError: There is no such job.
        NotExternalError: Our own workers train it.
    """
    with database.write(is_brief=True) as session:
        again = [] if is_new else claims.of_ask(session, job_id, digest_of_token(key))
        if again:
            job = asked_job(session, job_id)
            until = _until(job)
            held_claims.prolong(session, _attempts(again), until)
            return AskedTrials(job, _given(again, _attempts(again), key, until))
        taken_of, found = claims.take(session, job_id, n)
        job = taken_of or asked_job(session, job_id)
        if not found:
            return AskedTrials(job, [])
        until = _until(job)
        ids = trials.insert_attempts(session, _new_attempts(job, found, worker))
        claims.add(session, _new_claims(job, found, ids, key, until))
        claims.send(session, _claimed(job, found, ids))
        return AskedTrials(job, _given(found, ids, key, until))


def _until(job: AskedJob) -> datetime:
    return job.at + timedelta(seconds=lease_s_of(job))


def _attempts(found: Sequence[OfferedTrial]) -> list[int]:
    return [one.attempt_id for one in found if one.attempt_id is not None]


def _given(
    found: Sequence[OfferedTrial], ids: Sequence[int], key: str, until: datetime
) -> list[ClaimedTrial]:
    return [
        ClaimedTrial(one.trial, one.study, token_of(key, attempt_id), until)
        for one, attempt_id in zip(found, ids, strict=True)
    ]


def _new_attempts(job: AskedJob, found: Sequence[OfferedTrial], worker: str) -> list[Json]:
    same = {"job_id": job.id, "dispatcher": job.lease_owner or "", "worker": worker}
    return [
        {
            **same,
            **({} if one.attempt_id is None else {"id": one.attempt_id}),
            "trial_id": one.trial.id,
            "number": one.trial.n_attempts,
            "started_at": job.at,
        }
        for one in found
    ]


def _new_claims(
    job: AskedJob, found: Sequence[OfferedTrial], ids: Sequence[int], key: str, until: datetime
) -> list[Json]:
    same = {"job_id": job.id, "ask_digest": digest_of_token(key), "lease_until": until}
    return [
        {
            **same,
            "attempt_id": attempt_id,
            "trial_id": one.trial.id,
            "token_digest": digest_of_token(token_of(key, attempt_id)),
            "assignment": one.assignment,
        }
        for one, attempt_id in zip(found, ids, strict=True)
    ]


def _claimed(job: AskedJob, found: Sequence[OfferedTrial], ids: Sequence[int]) -> list[Json]:
    same = {"job_id": job.id, "kind": MessageKind.CLAIMED, "sent_at": job.at}
    return [
        {**same, "attempt_id": attempt_id, "body": {"trial_id": one.trial.id}}
        for one, attempt_id in zip(found, ids, strict=True)
    ]


def wait(database: Database, job_id: int, worker: str, n: int, for_s: float) -> int:
    """Note that a trainer waits; the dispatcher may then offer points ahead of need.

    Raises:
        NotFoundError: The job was deleted meanwhile.
    """
    with database.write(is_brief=True) as session:
        until = asked_job(session, job_id).at + timedelta(seconds=for_s)
        return trainers.wait(session, job_id, worker, n, until)


def stop_waiting(database: Database, key: int) -> None:
    """Remove the note of a trainer that waited."""
    with database.write(is_brief=True) as session:
        trainers.stop_waiting(session, key)
