"""What trainers outside say of their trials: heartbeats, epochs, and how a trial ended.

Each is one transaction, and none runs a rule: thresholds were fixed when the trial was offered.
All is idempotent by the token of the attempt.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.jobs.asks import AskedTrials, digest_of_token
from service.records import Json
from service.states import AttemptState, MessageKind
from service.storage import claims, held_claims, trainers, trials
from service.storage.database import Database
from service.storage.held_claims import HeldClaim
from service.storage.trainers import ReportedEnd
from service.tasks.external import minimised
from service.trainer_errors import EpochOrderError, OtherReportError

# A lease of which more than this part is left is not prolonged: a write less.
FRESH = 0.9
# How the answer to a report names why its trial is to be stopped.
Reason = Literal["pruned", "complete", "given_up"]
# What became of the end that a trainer reported.
Standing = Literal["taken", "pruned", "late"]


def _held(session: Session, trial_id: int, token: str) -> HeldClaim:
    return held_claims.of_token(session, trial_id, digest_of_token(token))


def _is_open(held: HeldClaim) -> bool:
    return held.outcome is None and held.state is AttemptState.RUNNING


def _task(held: HeldClaim | ReportedEnd) -> Json:
    task: Json = held.assignment["task"]
    return task


def _prolonged(session: Session, held: HeldClaim) -> datetime:
    """Return the end of a lease; it is prolonged once a part of it is over."""
    lease_s = float(_task(held)["lease_s"])
    left_s = (held.lease_until - held.at).total_seconds()
    if FRESH * lease_s < left_s <= lease_s:
        return held.lease_until
    until = held.at + timedelta(seconds=lease_s)
    held_claims.prolong(session, [held.attempt_id], until)
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
    with database.write(is_brief=True) as session:
        held = _held(session, trial_id, token)
        if not _is_open(held):
            return Heard(None, _why_over(held))
        return Heard(_prolonged(session, held))


def _why_over(held: HeldClaim) -> Reason:
    outcome = held.outcome or {}
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
    given = (database, trial_id, token, epoch, value, metrics)
    try:
        return _report(*given, is_sure=True)
    except IntegrityError:  # the epoch was stored meanwhile: the same report came twice at once
        return _report(*given, is_sure=False)


def _report(
    database: Database,
    trial_id: int,
    token: str,
    epoch: int,
    value: float,
    metrics: Json,
    *,
    is_sure: bool,
) -> Heard:
    with database.write(is_brief=True) as session:
        held = _held(session, trial_id, token)
        if epoch <= held.n_epochs:
            _require_same(session, held, epoch, value)
        if not _is_open(held):
            return Heard(None, _why_over(held))
        if epoch > held.n_epochs + 1:
            raise EpochOrderError(epoch, held.n_epochs + 1)
        if epoch == held.n_epochs + 1:
            measured = {"epoch": epoch, "metrics": {**metrics, str(_task(held)["metric"]): value}}
            if _measure(session, held, measured, is_sure=is_sure):
                _send(session, held, MessageKind.REPORTED, measured)
            else:
                _require_same(session, held, epoch, value)
        stop = _stop_of(held, epoch, value)
        if stop == "pruned":
            _end(session, held, {"kind": MessageKind.PRUNED, "value": value, "epoch": epoch})
            return Heard(None, stop)
        return Heard(_prolonged(session, held), stop)


def _require_same(session: Session, held: HeldClaim, epoch: int, value: float) -> None:
    before = held_claims.measured(session, held, epoch)
    if before is not None and (found := before[str(_task(held)["metric"])]) != value:
        raise OtherReportError(f"epoch {epoch} of trial {held.trial_id}", f"{found!r}")


def _measure(session: Session, held: HeldClaim, measured: Json, *, is_sure: bool) -> bool:
    """Store a measurement; return whether its epoch had none.

    Where that `is_sure` nothing waits for the answer: a commit that fails says that it was wrong.
    """
    row = {"trial_id": held.trial_id, "attempt_id": held.attempt_id, **measured}
    row |= {"elapsed_s": _elapsed_s(held), "measured_at": held.at}
    if not is_sure:
        return held_claims.measure_once(session, row)
    held_claims.measure(session, row)
    return True


def _elapsed_s(held: HeldClaim) -> float:
    return max((held.at - held.started_at).total_seconds(), 0.0)


def _send(session: Session, held: HeldClaim, kind: MessageKind, body: Json) -> None:
    about = {"job_id": held.job_id, "attempt_id": held.attempt_id, "sent_at": held.at}
    claims.send(session, [{**about, "kind": kind, "body": body}])


def _stop_of(held: HeldClaim, epoch: int, value: float) -> Reason | None:
    limits = held.assignment["stop_above"]
    limit = limits[epoch - 1] if epoch <= len(limits) else None
    if limit is not None and minimised(_task(held), value) > limit:
        return "pruned"
    n_epochs = held.assignment["epochs"]
    return "complete" if n_epochs is not None and epoch >= n_epochs else None


def _end(session: Session, held: HeldClaim, outcome: Json) -> None:
    """Store how an attempt ended, and a message of it for the dispatcher."""
    held_claims.end(session, held.attempt_id, outcome)
    about = {"trial_id": held.trial_id, "worker": held.worker, "elapsed_s": _elapsed_s(held)}
    _send(session, held, outcome["kind"], {**outcome, **about})


def tell(database: Database, trial_id: int, token: str, outcome: Json) -> Standing:
    """Store how an attempt ended: ``kind`` with ``value`` and ``metrics``, or with ``reason``.

    What comes after the lease ended, or after the trial was given up, is kept with the attempt and
    changes nothing.

    Raises:
        UnknownTokenError: The token is of no attempt at the trial.
        OtherReportError: Another end was reported before.
    """
    with database.write(is_brief=True) as session:
        held = _held(session, trial_id, token)
        before = held.outcome
        if before is None and _is_open(held):
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


def _keep_late(session: Session, held: HeldClaim | ReportedEnd, outcome: Json) -> None:
    """Keep an end that came too late: evidence that changes nothing."""
    attempt_id, value = held.attempt_id, outcome.get("value")
    held_claims.end(session, attempt_id, {**outcome, "is_late": True})
    if value is not None:
        found = {"value": minimised(_task(held), value), "is_late": True}
        metrics = {str(_task(held)["metric"]): value, **outcome.get("metrics", {})}
        trials.change_attempts(session, [{"id": attempt_id, "metrics": metrics, **found}])


def keep_unheard(session: Session, job_ids: Collection[int]) -> None:
    """Keep what trainers of some jobs have said since the last step of a dispatcher.

    For jobs that end now, in the transaction that cancels their attempts: no step comes after it.
    An end that was said is evidence then, as one that comes later is.
    """
    for reported in trainers.take_ends(session, job_ids):
        _keep_late(session, reported, reported.outcome)


def release(database: Database, trial_id: int, token: str) -> Standing:
    """Give a trial back: it is offered again, and the attempt is not counted.

    Raises:
        UnknownTokenError: The token is of no attempt at the trial.
        OtherReportError: Its end was reported before.
    """
    return tell(database, trial_id, token, {"kind": MessageKind.RELEASED})


def give_back(database: Database, asked: AskedTrials) -> AskedTrials:
    """Release trials whose trainer was gone before it got them: no lease has to end first."""
    for one in asked.claims:
        release(database, one.trial.id, one.token)
    return replace(asked, claims=[])
