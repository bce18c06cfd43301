"""Trainers outside: programs that ask for trials and report their values."""

from __future__ import annotations

import secrets
import time
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool

from api.bodies import json_body, request_body
from api.context import InDatabase, InLooks
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
from api.trial_looks import TrialLooks
from densearch.plugins.sections import Section
from service.errors import Fault, InvalidBodyError
from service.jobs import asks, trainers
from service.jobs.asks import AskedTrials, ClaimedTrial
from service.jobs.trainers import Heard
from service.records import Json
from service.states import MessageKind
from service.storage.database import Database
from service.validation.request_bodies import read

router = APIRouter(prefix="/v1", tags=["trainers"])
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
async def ask_for_trials(
    request: Request, database: InDatabase, looks: InLooks, job_id: Id, body: Body
) -> AskOut:
    """Claim up to `count` trials of an external training; wait for one if there is none.

    Each trial is given to one trainer, until it ends or its lease does. A job that has ended
    answers no trials and `done`.
    """
    wanted = read(AskBody, body, InvalidBodyError)
    asked = await _asked(request, database, looks, job_id, wanted)
    lease_s = asks.lease_s_of(asked.job)
    return AskOut(
        trials=[_trial(one, lease_s, asked.job.task) for one in asked.claims],
        done=asked.job.state.is_final,
        state=asked.job.state,
    )


async def _asked(
    request: Request, database: Database, looks: TrialLooks, job_id: int, wanted: AskBody
) -> AskedTrials:
    """Claim trials, or wait for them; only a claim holds a thread and a connection."""
    key = wanted.key or secrets.token_hex(32)
    deadline = time.monotonic() + wanted.wait_s
    given = (database, job_id, wanted.count, wanted.worker, key)
    claim = partial(asks.claim, *given, is_new=wanted.key is None)
    asked = await run_in_threadpool(claim)
    note: int | None = None
    try:
        while not (asked.claims or asked.job.state.is_final):
            left_s = deadline - time.monotonic()
            if left_s <= 0.0 or await _is_over(request):
                break
            if note is None:
                waits = (job_id, wanted.worker, wanted.count, left_s)
                note = await run_in_threadpool(asks.wait, database, *waits)
            job, has = await looks.next(job_id)
            asked = AskedTrials(job, [])
            if has:
                asked = await run_in_threadpool(claim)
                if await request.is_disconnected():
                    asked = await run_in_threadpool(trainers.give_back, database, asked)
    finally:
        if note is not None:
            await run_in_threadpool(asks.stop_waiting, database, note)
    return asked


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
async def send_heartbeat(database: InDatabase, trial_id: Id, body: Body) -> HeardOut:
    """Keep a trial: its lease begins again, by the server's clock."""
    sent = read(HeartbeatBody, body, InvalidBodyError)
    given = (database, trial_id, sent.token)
    return _heard(await run_in_threadpool(trainers.heartbeat, *given))


@router.post(
    "/trials/{trial_id}/report",
    response_model=HeardOut,
    responses=REFUSED,
    openapi_extra=_body(ReportBody, token=TOKEN, epoch=1, value=0.51),
)
async def report_epoch(database: InDatabase, trial_id: Id, body: Body) -> HeardOut:
    """Report the value of an epoch; the answer says whether to stop."""
    sent = read(ReportBody, body, InvalidBodyError)
    given = (database, trial_id, sent.token, sent.epoch, sent.value, sent.metrics)
    return _heard(await run_in_threadpool(trainers.report, *given))


@router.post(
    "/trials/{trial_id}/tell",
    response_model=TrialEndOut,
    responses=REFUSED,
    openapi_extra=_body(TellBody, token=TOKEN, value=0.37),
)
async def tell_value(database: InDatabase, trial_id: Id, body: Body) -> TrialEndOut:
    """Tell a trial's value, that it diverged, or why it failed; the same again is no error."""
    sent = read(TellBody, body, InvalidBodyError)
    given = (database, trial_id, sent.token, _outcome(sent))
    return TrialEndOut(outcome=await run_in_threadpool(trainers.tell, *given))


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
async def release_trial(database: InDatabase, trial_id: Id, body: Body) -> TrialEndOut:
    """Give a trial back: it is offered again at once, and the attempt is not counted."""
    sent = read(ReleaseBody, body, InvalidBodyError)
    given = (database, trial_id, sent.token)
    return TrialEndOut(outcome=await run_in_threadpool(trainers.release, *given))
