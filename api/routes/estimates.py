"""Cost estimates of jobs that are not submitted yet."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api.bodies import json_body
from api.context import InDatabase, WithSettings
from api.problems.handlers import documented
from api.routes.jobs import REQUEST_BODY
from api.schemas.estimates import EstimateOut
from service.costs.figures import Estimate
from service.costs.prices import prices_of
from service.jobs.estimate import estimate
from service.jobs.leases import no_dispatcher
from service.validation import parse

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

# In s; a measurement takes some seconds.
RETRY_AFTER_S = 2
MEASURING = {
    "model": EstimateOut,
    "description": "It is being measured: ask again with the same body.",
    "headers": {"Retry-After": {"schema": {"type": "integer"}, "required": True}},
}


def ask_again(response: Response) -> None:
    """Mark the answer to a request whose figures are being measured, as `MEASURING` says."""
    response.status_code = 202
    response.headers["retry-after"] = str(RETRY_AFTER_S)


def estimated(
    database: InDatabase, settings: WithSettings, body: Annotated[object, Depends(json_body)]
) -> Estimate:
    """Return the estimate of the spec that was sent."""
    return estimate(
        database,
        parse.parse(body),
        prices_of(settings),
        settings.lease_s,
        partial(no_dispatcher, settings.data_dir),
    )


Estimated = Annotated[Estimate, Depends(estimated)]


@router.post(
    "/estimate",
    response_model=EstimateOut,
    responses={202: MEASURING, **documented(400, 403, 413, 415, 422)},
    openapi_extra=REQUEST_BODY,
)
def estimate_job(response: Response, found: Estimated) -> Estimate:
    """Estimate the cost of a job with this spec; nothing is submitted."""
    if found.state == "measuring":
        ask_again(response)
    return found
