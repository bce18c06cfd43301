"""Continue from a job: raise its budget, clone its spec, retry its failed trials."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from api.bodies import json_body, request_body
from api.context import InDatabase, WithSettings
from api.paging import Id
from api.problems.handlers import documented
from api.routes.jobs import IdempotencyKey, job_out
from api.schemas.base import LOCATION
from api.schemas.jobs import JobOut
from service.costs.prices import prices_of
from service.errors import Fault, InvalidSpecError
from service.jobs import commands, more_seeds, reopen
from service.spec import MOST_SEEDS
from service.validation.request_bodies import read

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])


class ExtendIn(BaseModel):
    """The new budget of a job, or its new number of final trainings: one of the two."""

    model_config = ConfigDict(extra="forbid", strict=True)

    n_trials: int | None = Field(
        default=None,
        ge=1,
        le=reopen.MOST_TRIALS,
        description="Trials of every sampler, those already spent included; above the present "
        "budget.",
    )
    n_seeds: int | None = Field(
        default=None,
        ge=1,
        le=MOST_SEEDS,
        description="Final trainings of each arm, those already done included; beyond the plan.",
    )


PATCH_SCHEMA = {
    "type": "object",
    "description": "JSON merge patch (RFC 7396) of the job's spec: a given value replaces the old "
    "one, null removes it; {} changes nothing.",
}


@router.post(
    "/{job_id}/extend",
    status_code=202,
    response_model=JobOut,
    responses=documented(400, 403, 404, 409, 413, 415, 422),
    openapi_extra=request_body(ExtendIn.model_json_schema(), {"n_trials": 24}),
)
def extend_job(
    database: InDatabase,
    settings: WithSettings,
    job_id: Id,
    body: Annotated[object, Depends(json_body)],
) -> JobOut:
    """Raise the budget of a job that has succeeded, or its seeds beyond the plan."""
    wanted = read(ExtendIn, body)
    if wanted.n_trials is not None and wanted.n_seeds is None:
        reopen.extend(database, job_id, wanted.n_trials)
    elif wanted.n_seeds is not None and wanted.n_trials is None:
        more_seeds.continue_evaluation(database, job_id, wanted.n_seeds)
    elif wanted.n_trials is None:
        raise InvalidSpecError([Fault("/n_trials", "required: give n_trials or n_seeds")])
    else:
        raise InvalidSpecError([Fault("/n_seeds", "give either n_trials or n_seeds")])
    return job_out(database, settings, job_id)


@router.post(
    "/{job_id}/clone",
    status_code=202,
    response_model=JobOut,
    responses={202: LOCATION, **documented(400, 403, 404, 409, 413, 415, 422)},
    openapi_extra=request_body(PATCH_SCHEMA, {"name": "photos, another seed", "seed": 1}),
)
def clone_job(
    database: InDatabase,
    settings: WithSettings,
    response: Response,
    job_id: Id,
    body: Annotated[object, Depends(json_body)],
    idempotency_key: IdempotencyKey = None,
) -> JobOut:
    """Submit a job's spec again, with changes; the job itself stays as it is."""
    if not isinstance(body, dict):
        detail = "must be an object: a merge patch of the spec, {} to change nothing"
        raise InvalidSpecError([Fault("", detail)])
    made = commands.clone(database, job_id, body, idempotency_key, prices_of(settings))
    response.headers["location"] = f"/v1/jobs/{made.id}"
    return job_out(database, settings, made.id)


@router.post(
    "/{job_id}/retry-failed",
    status_code=202,
    response_model=JobOut,
    responses=documented(403, 404, 409, 413, 422),
)
def retry_failed_trials(database: InDatabase, settings: WithSettings, job_id: Id) -> JobOut:
    """Retry the failed trials of a job that has ended; their attempts are numbered on."""
    reopen.retry_failed(database, job_id)
    return job_out(database, settings, job_id)
