"""Trainers outside: programs that ask for trials and report their values."""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool

from api.bodies import json_body, request_body
from api.context import InDatabase
from api.paging import Id
from api.problems.handlers import documented
from api.schemas.trainers import (
    AskBody,
    AskedTrialOut,
    AskOut,
    HeardOut,
    HeartbeatBody,
    ReleaseBody,
    ReportBody,
    TellBody,
    TrialEndOut,
)
from densearch.plugins.sections import Section
from service.errors import Fault, InvalidBodyError
from service.jobs import trainers
from service.jobs.trainers import AskedTrials, ClaimedTrial, Heard
from service.records import Json
from service.states import MessageKind
from service.storage.database import Database
from service.validation.request_bodies import read

router = APIRouter(prefix="/v1", tags=["trainers"])
# How often a trainer that waits looks for a trial.
LOOK_S = 0.1
TOKEN = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"  # noqa: S105 - an example
REFUSED = documented(400, 403, 404, 409, 413, 415, 422)
Body = Annotated[object, Depends(json_body)]


def _body(kind: type[Section], **example: Any) -> dict[str, Any]:
    return request_body(kind.model_json_schema(), example)


@router.post(
    "/jobs/{job_id}/ask",
    response_model=AskOut,
    responses=documented(400, 404, 409, 413, 415, 422),
    openapi_extra=_body(AskBody, count=1, worker="gpu-3", wait_s=30),
)
async def ask_for_trials(request: Request, database: InDatabase, job_id: Id, body: Body) -> AskOut:
    """Claim up to `count` trials of an external training; wait for one if there is none.

    Each trial is given to one trainer, until it ends or its lease does. A job that has ended
    answers no trials and `done`.
    """
    wanted = read(AskBody, body, InvalidBodyError)
    asked = await _asked(request, database, job_id, wanted)
    lease_s = trainers.lease_s_of(asked.job)
    return AskOut(
        trials=[_trial(one, lease_s, asked.job.spec["task"]) for one in asked.claims],
        done=asked.job.state.is_final,
        state=asked.job.state,
    )


async def _asked(
    request: Request, database: Database, job_id: int, wanted: AskBody
) -> AskedTrials:
    """Claim trials, or wait for them; only a look holds a thread and a connection."""
    key = wanted.key or secrets.token_hex(32)
    deadline = time.monotonic() + wanted.wait_s
    note: int | None = None
    try:
        while True:
            job, has = await run_in_threadpool(trainers.find, database, job_id, wanted.key)
            if has:
                given = (job_id, wanted.count, wanted.worker, key)
                asked = await run_in_threadpool(trainers.claim, database, *given)
                if asked.claims:
                    return asked
            left_s = deadline - time.monotonic()
            if job.state.is_final or left_s <= 0.0 or await _is_over(request):
                return AskedTrials(job, [])
            if note is None:
                waits = (job_id, wanted.worker, wanted.count, left_s)
                note = await run_in_threadpool(trainers.wait, database, *waits)
            await asyncio.sleep(min(LOOK_S, left_s))
    finally:
        if note is not None:
            await run_in_threadpool(trainers.stop_waiting, database, note)


async def _is_over(request: Request) -> bool:
    """Whether nobody waits for the answer any more: the client is gone, or the server ends."""
    return request.app.state.ending.is_set() or await request.is_disconnected()


def _trial(one: ClaimedTrial, lease_s: float, task: Json) -> AskedTrialOut:
    trial, payload = one.trial, one.trial.payload
    densities = list(payload["network"]["densities"].values())
    only = densities[0] if len(densities) == 1 else {}
    return AskedTrialOut.model_validate(
        {
            "id": trial.id,
            "token": one.token,
            "lease_until": one.lease_until,
            "lease_s": lease_s,
            "study": one.study,
            "phase": trial.phase,
            "split": payload["split"],
            "number": trial.number,
            "attempt": trial.n_attempts,
            "seed": trial.seed,
            "epochs": payload["training"]["epochs"] if task["epochs"] is not None else None,
            "point": trial.point,
            "params": trial.params,
            "densities": densities,
            **{name: only.get(name) for name in ("den", "alpha", "beta", "phi")},
        }
    )


def _heard(found: Heard) -> HeardOut:
    return HeardOut(stop=found.stop is not None, reason=found.stop, lease_until=found.lease_until)


@router.post(
    "/trials/{trial_id}/heartbeat",
    response_model=HeardOut,
    responses=REFUSED,
    openapi_extra=_body(HeartbeatBody, token=TOKEN),
)
def send_heartbeat(database: InDatabase, trial_id: Id, body: Body) -> HeardOut:
    """Keep a trial: its lease begins again, by the server's clock."""
    sent = read(HeartbeatBody, body, InvalidBodyError)
    return _heard(trainers.heartbeat(database, trial_id, sent.token))


@router.post(
    "/trials/{trial_id}/report",
    response_model=HeardOut,
    responses=REFUSED,
    openapi_extra=_body(ReportBody, token=TOKEN, epoch=1, value=0.51),
)
def report_epoch(database: InDatabase, trial_id: Id, body: Body) -> HeardOut:
    """Report the value of an epoch; the answer says whether to stop."""
    sent = read(ReportBody, body, InvalidBodyError)
    given = (sent.token, sent.epoch, sent.value, sent.metrics)
    return _heard(trainers.report(database, trial_id, *given))


@router.post(
    "/trials/{trial_id}/tell",
    response_model=TrialEndOut,
    responses=REFUSED,
    openapi_extra=_body(TellBody, token=TOKEN, value=0.37),
)
def tell_value(database: InDatabase, trial_id: Id, body: Body) -> TrialEndOut:
    """Tell a trial's value, that it diverged, or why it failed; the same again is no error."""
    sent = read(TellBody, body, InvalidBodyError)
    outcome = _outcome(sent)
    return TrialEndOut(outcome=trainers.tell(database, trial_id, sent.token, outcome))


def _outcome(sent: TellBody) -> Json:
    given = [sent.value is not None, sent.diverged, sent.failed is not None]
    if sum(given) != 1:
        detail = "tell one of value, diverged and failed"
        raise InvalidBodyError([Fault("/value", detail)])
    if sent.failed is not None:
        return {"kind": MessageKind.FAILED, "reason": sent.failed, "metrics": sent.metrics}
    if sent.diverged:
        return {"kind": MessageKind.DIVERGED, "metrics": sent.metrics}
    return {"kind": MessageKind.VALUE, "value": sent.value, "metrics": sent.metrics}


@router.post(
    "/trials/{trial_id}/release",
    response_model=TrialEndOut,
    responses=REFUSED,
    openapi_extra=_body(ReleaseBody, token=TOKEN),
)
def release_trial(database: InDatabase, trial_id: Id, body: Body) -> TrialEndOut:
    """Give a trial back: it is offered again at once, and the attempt is not counted."""
    sent = read(ReleaseBody, body, InvalidBodyError)
    return TrialEndOut(outcome=trainers.release(database, trial_id, sent.token))
