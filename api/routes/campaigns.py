"""Campaigns: submit, list, show, cancel, extend, delete."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi import Query as FromQuery
from pydantic import Field, TypeAdapter
from sqlalchemy.orm import Session

from api import etags
from api.bodies import json_body, request_body
from api.context import InDatabase, WithSettings
from api.etags import Made
from api.formats import JSON
from api.paging import Cursor, Id, Query, linked
from api.problems.handlers import documented
from api.routes.estimates import MEASURING, ask_again
from api.routes.jobs import IdempotencyKey
from api.schemas.base import DOCUMENT, LOCATION, Json, ListOut, answered_by
from api.schemas.campaigns import CampaignEstimateOut, CampaignOut, CampaignSummaryOut
from service.campaigns import commands, deletion
from service.campaigns.estimate import CampaignEstimate, estimate
from service.campaigns.report.build import report_of
from service.campaigns.request import CampaignSpec, Extension
from service.campaigns.standing import CampaignStanding, standings
from service.costs.prices import prices_of
from service.jobs.leases import no_dispatcher
from service.storage import campaigns
from service.storage.campaign_versions import campaign_version
from service.storage.database import Database
from service.storage.job_versions import list_version
from service.storage.recent import freshness_of
from service.validation.request_bodies import read

router = APIRouter(prefix="/v1/campaigns", tags=["campaigns"])

EXAMPLE: Json = {
    "name": "digits, by data and kernel",
    "base": {
        "task": {"kind": "classification", "dataset": "digits"},
        "network": {"kind": "small_cnn", "depth": 2, "width": 8},
        "training": {"epochs": 4},
        "budget": {"n_trials": 12},
    },
    "matrix": {"network.kernel_size": [3, 5], "network.width": [8, 16], "seed": [0, 1, 2]},
}

LISTED = TypeAdapter(ListOut[CampaignSummaryOut])
CAMPAIGN_MEASURING = {**MEASURING, "model": CampaignEstimateOut}


class CampaignsQuery(Query):
    """Which campaigns to list."""

    limit: int = Field(default=50, ge=1, le=200)
    cursor: Cursor = None


class CampaignDeletionQuery(Query):
    """What is deleted with a campaign."""

    jobs: bool = Field(default=False, description="Its jobs, too; all of them have ended.")


def campaign_out(database: Database, campaign_id: int) -> CampaignOut:
    """Show a campaign with its cells."""
    with database.read() as session:
        return _campaign_out(session, campaign_id)


def _campaign_out(session: Session, campaign_id: int) -> CampaignOut:
    (standing,) = standings(session, [campaigns.get(session, campaign_id)])
    cells = [asdict(cell) for cell in campaigns.cells_of(session, campaign_id)]
    return CampaignOut.model_validate(_summary(standing) | {"cells": cells})


def _summary(standing: CampaignStanding) -> dict[str, Any]:
    return {
        **asdict(standing.campaign),
        "counts": standing.counts,
        "n_cells": standing.n_cells,
        "n_open": standing.n_open,
        "fraction": standing.fraction,
    }


@router.post(
    "",
    status_code=202,
    response_model=CampaignOut,
    responses={202: LOCATION, **documented(400, 403, 409, 413, 415, 422)},
    openapi_extra=request_body("CampaignSpec", EXAMPLE),
)
def submit_campaign(
    database: InDatabase,
    settings: WithSettings,
    response: Response,
    body: Annotated[object, Depends(json_body)],
    idempotency_key: IdempotencyKey = None,
) -> CampaignOut:
    """Submit a campaign: a job for each combination of the matrix's values, all or none."""
    wanted = read(CampaignSpec, body)
    most = settings.max_campaign_cells
    made, _ = commands.submit(database, wanted, idempotency_key, prices_of(settings), most)
    response.headers["location"] = f"/v1/campaigns/{made.id}"
    return campaign_out(database, made.id)


@router.post(
    "/estimate",
    response_model=CampaignEstimateOut,
    responses={202: CAMPAIGN_MEASURING, **documented(400, 403, 413, 415, 422)},
    openapi_extra=request_body("CampaignSpec", EXAMPLE),
)
def estimate_campaign(
    database: InDatabase,
    settings: WithSettings,
    response: Response,
    body: Annotated[object, Depends(json_body)],
) -> CampaignEstimate:
    """Estimate the cost of a campaign; nothing is submitted."""
    found = estimate(
        database,
        read(CampaignSpec, body),
        prices_of(settings),
        settings.lease_s,
        partial(no_dispatcher, settings.data_dir),
        settings.max_campaign_cells,
    )
    if found.state == "measuring":
        ask_again(response)
    return found


@router.get(
    "",
    response_model=ListOut[CampaignSummaryOut],
    responses={**documented(422), **etags.UNCHANGED},
)
def list_campaigns(
    database: InDatabase, request: Request, query: Annotated[CampaignsQuery, FromQuery()]
) -> Any:  # noqa: ANN401 - FastAPI would read a Response subclass as a schema
    """List campaigns, the newest first."""
    with database.read() as session:

        def make() -> Made:
            found = campaigns.page(session, limit=query.limit + 1, before=query.cursor)
            kept, link = linked(found, query.limit, request, lambda one: one.id)
            items = [_summary(each) for each in standings(session, kept)]
            body = LISTED.dump_json(LISTED.validate_python({"items": items}), by_alias=True)
            return Made(body, link)

        return etags.answer_of_list(request, session, list_version(session), "", JSON, make)


@router.get(
    "/{campaign_id}",
    response_model=CampaignOut,
    responses={**documented(404, 422), **etags.UNCHANGED},
)
def show_campaign(database: InDatabase, request: Request, campaign_id: Id) -> Any:  # noqa: ANN401 - FastAPI would read a Response subclass as a schema
    """Show a campaign: its cells with their settings, jobs and states."""
    with database.read() as session:

        def make() -> Made:
            found = _campaign_out(session, campaign_id)
            return Made(found.model_dump_json(by_alias=True).encode())

        return _tagged(request, session, campaign_id, make)


def _tagged(
    request: Request, session: Session, campaign_id: int, make: Callable[[], Made]
) -> Response:
    tag = etags.tag_of(request, campaign_version(session, campaign_id))
    return etags.answer(request, tag, JSON, make, freshness=freshness_of(session))


@router.get(
    "/{campaign_id}/report",
    response_model=None,
    responses={
        200: answered_by("CampaignReportOut"),
        **documented(404, 422),
        **etags.UNCHANGED,
    },
)
def show_campaign_report(database: InDatabase, request: Request, campaign_id: Id) -> Response:
    """Compare the cells of a campaign whose jobs have ended; the others are listed."""
    with database.read() as session:

        def make() -> Made:
            return Made(DOCUMENT.dump_json(report_of(session, campaign_id)))

        return _tagged(request, session, campaign_id, make)


@router.post(
    "/{campaign_id}/cancel",
    response_model=CampaignOut,
    responses=documented(403, 404, 409, 413, 422),
)
def cancel_campaign(database: InDatabase, campaign_id: Id) -> CampaignOut:
    """Cancel all jobs of a campaign that have not ended; those that have stay as they are."""
    commands.cancel(database, campaign_id)
    return campaign_out(database, campaign_id)


@router.post(
    "/{campaign_id}/extend",
    status_code=202,
    response_model=CampaignOut,
    responses=documented(400, 403, 404, 413, 415, 422),
    openapi_extra=request_body("Extension", {"path": "seed", "values": [3, 4]}),
)
def extend_campaign(
    database: InDatabase,
    settings: WithSettings,
    campaign_id: Id,
    body: Annotated[object, Depends(json_body)],
) -> CampaignOut:
    """Add values to an axis of the matrix: jobs for the new cells alone, all or none."""
    wanted, most = read(Extension, body), settings.max_campaign_cells
    commands.extend(database, campaign_id, wanted, prices_of(settings), most)
    return campaign_out(database, campaign_id)


@router.delete("/{campaign_id}", status_code=204, responses=documented(403, 404, 409, 413, 422))
def delete_campaign(
    database: InDatabase, campaign_id: Id, query: Annotated[CampaignDeletionQuery, FromQuery()]
) -> None:
    """Delete a campaign: its jobs stay, whatever their state, unless `jobs` asks for theirs, too.

    Then all of them must have ended; each is deleted as DELETE /v1/jobs/{job_id} does it.
    """
    deletion.delete(database, campaign_id, has_jobs=query.jobs)
