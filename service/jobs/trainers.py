"""What trainers outside do: ask for trials, report epochs, and say how a trial ended.

Each is one transaction, and none runs a rule: thresholds were fixed when the trial was offered.
All is idempotent by the token of the attempt; an ask by the key of its request.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy.orm import Session

from service.errors import NotFoundError
from service.records import Job, Json, Trial
from service.states import AttemptState, JobState, MessageKind
from service.storage import jobs, shared_clock, trainers, trials
from service.storage.database import Database
from service.storage.trainers import HeldClaim
from service.tasks.external import KIND, minimised
from service.trainer_errors import EpochOrderError, NotExternalError, OtherReportError

MOST_TRIALS = 100
# A lease of which more than this part is left is not prolonged: a write less.
FRESH = 0.9
OPEN = (JobState.RUNNING, JobState.EVALUATING)
# How the answer to a report names why its trial is to be stopped.
Reason = Literal["pruned", "complete", "given_up"]
# What became of the end that a trainer reported.
Standing = Literal["taken", "pruned", "late"]


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

    job: Job
    claims: list[ClaimedTrial]


def token_of(key: str, attempt_id: int) -> str:
    """Return the token of an attempt that a request with this key claimed."""
    return hmac.new(key.encode(), f"attempt {attempt_id}".encode(), hashlib.sha256).hexdigest()


def digest_of_token(token: str) -> str:
    """Return what is stored of a token, or of a key."""
    return hashlib.sha256(token.encode()).hexdigest()


def require_external(job: Job) -> None:
    """Check that a job's trials may be asked for.

    Raises:
        NotExternalError: Our own workers train it.
    """
    if job.spec.get("task", {}).get("kind") != KIND:
        raise NotExternalError(job.id)


def lease_s_of(job: Job) -> float:
    """Return how long a trial stays with a trainer that is silent, s."""
    return float(job.spec["task"]["lease_s"])


def find(database: Database, job_id: int, key: str | None) -> tuple[Job, bool]:
    """Return a job, and whether an ask would find a trial now, without changing anything.

    Raises:
        NotFoundError: There is no such job.
        NotExternalError: Our own workers train it.
    """
    with database.read() as session:
        job = jobs.get(session, job_id)
        require_external(job)
        has = job.state in OPEN and trainers.has_offer(session, job_id)
        if key is not None and not has:
            has = bool(trainers.claims_of_ask(session, job_id, digest_of_token(key)))
        return job, has


def claim(database: Database, job_id: int, n: int, worker: str, key: str) -> AskedTrials:
    """Claim up to `n` trials; those that the same request claimed before are its trials again.

    Args:
        database: Where the job is.
        job_id: Which.
        n: How many, from 1.
        worker: Name of the trainer, for people.
        key: Secret of the request, from which the tokens are derived.

    Raises:
        NotFoundError: There is no such job.
        NotExternalError: Our own workers train it.
    """
    with database.write() as session:
        state = trainers.state_of(session, job_id)
        job = jobs.get(session, job_id)
        require_external(job)
        now = shared_clock.now(session)
        until = now + timedelta(seconds=lease_s_of(job))
        claims = trainers.claims_of_ask(session, job_id, digest_of_token(key))
        trainers.prolong(session, [attempt_id for attempt_id, _ in claims], until)
        if not claims and state in OPEN:
            claims = _claim(session, job, n, worker, key, now)
        found = [(trials.get(session, trial_id), attempt_id) for attempt_id, trial_id in claims]
        names = trainers.study_names(session, job_id) if found else {}
        given = [
            ClaimedTrial(trial, names[trial.study_id], token_of(key, attempt_id), until)
            for trial, attempt_id in found
        ]
        return AskedTrials(job, given)


def _claim(
    session: Session, job: Job, n: int, worker: str, key: str, now: datetime
) -> list[tuple[int, int]]:
    offers = trainers.take(session, job.id, n)
    if not offers:
        return []
    for offer in offers:
        trainers.start(session, offer.trial_id, now)
    numbers = trainers.attempt_numbers(session, [offer.trial_id for offer in offers])
    rows = [
        {
            "job_id": job.id,
            "trial_id": offer.trial_id,
            "number": numbers[offer.trial_id],
            "dispatcher": job.lease_owner or "",
            "worker": worker,
            "started_at": now,
        }
        for offer in offers
    ]
    ids = trials.insert_attempts(session, rows)
    until = now + timedelta(seconds=lease_s_of(job))
    claims = [
        {
            "attempt_id": attempt_id,
            "job_id": job.id,
            "trial_id": offer.trial_id,
            "token_digest": digest_of_token(token_of(key, attempt_id)),
            "ask_digest": digest_of_token(key),
            "assignment": offer.assignment,
            "lease_until": until,
        }
        for attempt_id, offer in zip(ids, offers, strict=True)
    ]
    trainers.add_claims(session, claims)
    for attempt_id, offer in zip(ids, offers, strict=True):
        body = {"trial_id": offer.trial_id}
        trainers.send(session, job.id, attempt_id, MessageKind.CLAIMED, body, now)
    return [(attempt_id, offer.trial_id) for attempt_id, offer in zip(ids, offers, strict=True)]


# What comes with a token


@dataclass(frozen=True, slots=True)
class _Held:
    """A claim that a token has opened, and the time."""

    claim: HeldClaim
    now: datetime

    @property
    def is_open(self) -> bool:
        return self.claim.outcome is None and self.claim.state is AttemptState.RUNNING

    @property
    def task(self) -> Json:
        task: Json = self.claim.assignment["task"]
        return task


def _held(session: Session, trial_id: int, token: str) -> _Held:
    claim = trainers.claim_of(session, trial_id, digest_of_token(token))
    return _Held(claim, shared_clock.now(session))


def _prolonged(session: Session, held: _Held) -> datetime:
    """Return the end of a lease; it is prolonged once a part of it is over."""
    lease_s = float(held.task["lease_s"])
    left_s = (held.claim.lease_until - held.now).total_seconds()
    if FRESH * lease_s < left_s <= lease_s:
        return held.claim.lease_until
    until = held.now + timedelta(seconds=lease_s)
    trainers.prolong(session, [held.claim.attempt_id], until)
    return until


@dataclass(frozen=True, slots=True)
class Heard:
    """The answer to a heartbeat or a report.

    Attributes:
        lease_until: When the lease ends; None where there is none any more.
        stop: Why the training is to stop; None where it goes on.
    """

    lease_until: datetime | None
    stop: Reason | None = None


def heartbeat(database: Database, trial_id: int, token: str) -> Heard:
    """Prolong a lease.

    Raises:
        UnknownTokenError: The token is of no attempt at the trial.
    """
    with database.write() as session:
        held = _held(session, trial_id, token)
        if not held.is_open:
            return Heard(None, _why_over(held))
        return Heard(_prolonged(session, held))


def _why_over(held: _Held) -> Reason:
    outcome = held.claim.outcome or {}
    return "pruned" if outcome.get("kind") == MessageKind.PRUNED else "given_up"


def report(
    database: Database, trial_id: int, token: str, epoch: int, value: float, metrics: Json
) -> Heard:
    """Store the value of an epoch, prolong the lease, and say whether to stop.

    Raises:
        UnknownTokenError: The token is of no attempt at the trial.
        EpochOrderError: An epoch before it is missing.
        OtherReportError: The epoch was reported with another value.
    """
    with database.write() as session:
        held = _held(session, trial_id, token)
        known = trainers.reported(session, trial_id, held.claim.attempt_id)
        name = str(held.task["metric"])
        if epoch <= len(known):
            _require_same(f"epoch {epoch} of trial {trial_id}", known[epoch - 1][name], value)
        if not held.is_open:
            return Heard(None, _why_over(held))
        if epoch > len(known) + 1:
            raise EpochOrderError(epoch, len(known) + 1)
        if epoch == len(known) + 1:
            _measure(session, held, epoch, {**metrics, name: value})
        stop = _stop_of(held, epoch, value)
        if stop == "pruned":
            _end(session, held, {"kind": MessageKind.PRUNED, "value": value, "epoch": epoch})
            return Heard(None, stop)
        return Heard(_prolonged(session, held), stop)


def _require_same(what: str, before: float, value: float) -> None:
    if before != value:
        raise OtherReportError(what, f"{before!r}")


def _measure(session: Session, held: _Held, epoch: int, metrics: Json) -> None:
    elapsed_s = max((held.now - held.claim.started_at).total_seconds(), 0.0)
    claim = held.claim
    measured = {"epoch": epoch, "metrics": metrics}
    row = {"trial_id": claim.trial_id, "attempt_id": claim.attempt_id, **measured}
    trainers.measure(session, {**row, "elapsed_s": elapsed_s, "measured_at": held.now})
    trainers.send(
        session, claim.job_id, claim.attempt_id, MessageKind.REPORTED, measured, held.now
    )


def _stop_of(held: _Held, epoch: int, value: float) -> Reason | None:
    limits = held.claim.assignment["stop_above"]
    limit = limits[epoch - 1] if epoch <= len(limits) else None
    if limit is not None and minimised(held.task, value) > limit:
        return "pruned"
    n_epochs = held.claim.assignment["epochs"]
    return "complete" if n_epochs is not None and epoch >= n_epochs else None


def _end(session: Session, held: _Held, outcome: Json) -> None:
    """Store how an attempt ended, and a message of it for the dispatcher."""
    claim = held.claim
    trainers.end(session, claim.attempt_id, outcome)
    elapsed_s = max((held.now - held.claim.started_at).total_seconds(), 0.0)
    body = {
        **outcome,
        "trial_id": claim.trial_id,
        "worker": claim.worker,
        "elapsed_s": elapsed_s,
    }
    trainers.send(session, claim.job_id, claim.attempt_id, outcome["kind"], body, held.now)


def tell(database: Database, trial_id: int, token: str, outcome: Json) -> Standing:
    """Store how an attempt ended: ``kind`` with ``value`` and ``metrics``, or with ``reason``.

    What comes after the lease ended, or after the trial was given up, is kept with the attempt and
    changes nothing.

    Raises:
        UnknownTokenError: The token is of no attempt at the trial.
        OtherReportError: Another end was reported before.
    """
    with database.write() as session:
        held = _held(session, trial_id, token)
        before = held.claim.outcome
        if before is None and held.is_open:
            _end(session, held, outcome)
            return "taken"
        if before is None:
            _keep_late(session, held, outcome)
            return "late"
        if before["kind"] == MessageKind.PRUNED:
            return "pruned"
        if _bare(before) != _bare(outcome):
            raise OtherReportError(f"the end of trial {trial_id}", _in_words(before))
        return "late" if before.get("is_late") else "taken"


def _bare(outcome: Json) -> Json:
    return {name: value for name, value in outcome.items() if name != "is_late"}


def _in_words(outcome: Json) -> str:
    value, reason = outcome.get("value"), outcome.get("reason")
    about = value if value is not None else reason
    return f"{outcome['kind']}" + ("" if about is None else f", {about}")


def _keep_late(session: Session, held: _Held, outcome: Json) -> None:
    """Keep an end that came too late: evidence that changes nothing."""
    attempt_id, value = held.claim.attempt_id, outcome.get("value")
    trainers.end(session, attempt_id, {**outcome, "is_late": True})
    if value is not None:
        found = {"value": minimised(held.task, value), "is_late": True}
        metrics = {str(held.task["metric"]): value, **outcome.get("metrics", {})}
        trials.change_attempts(session, [{"id": attempt_id, "metrics": metrics, **found}])


def release(database: Database, trial_id: int, token: str) -> Standing:
    """Give a trial back: it is offered again, and the attempt is not counted.

    Raises:
        UnknownTokenError: The token is of no attempt at the trial.
        OtherReportError: Its end was reported before.
    """
    return tell(database, trial_id, token, {"kind": MessageKind.RELEASED})


# Waiting


def wait(database: Database, job_id: int, worker: str, n: int, for_s: float) -> int:
    """Note that a trainer waits; the dispatcher may then offer points ahead of need.

    Raises:
        NotFoundError: The job was deleted meanwhile.
    """
    with database.write() as session:
        if trainers.state_of(session, job_id) is None:
            raise NotFoundError("job", job_id)
        until = shared_clock.now(session) + timedelta(seconds=for_s)
        return trainers.wait(session, job_id, worker, n, until)


def stop_waiting(database: Database, key: int) -> None:
    """Remove the note of a trainer that waited."""
    with database.write() as session:
        trainers.stop_waiting(session, key)
