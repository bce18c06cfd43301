"""Campaigns: submit, list, show, cancel, extend, delete."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi import Query as FromQuery
from pydantic import Field
from sqlalchemy.orm import Session

from api.bodies import json_body, request_body
from api.context import InDatabase, WithSettings
from api.formats import JSON
from api.paging import Cursor, Id, Query, cut
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
from service.storage.database import Database
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


@router.get("", response_model=ListOut[CampaignSummaryOut], responses=documented(422))
def list_campaigns(
    database: InDatabase,
    request: Request,
    response: Response,
    query: Annotated[CampaignsQuery, FromQuery()],
) -> dict[str, Any]:
    """List campaigns, the newest first."""
    with database.read() as session:
        found = campaigns.page(session, limit=query.limit + 1, before=query.cursor)
        kept = cut(found, query.limit, request, response)
        return {"items": [_summary(each) for each in standings(session, kept)]}


@router.get("/{campaign_id}", response_model=CampaignOut, responses=documented(404, 422))
def show_campaign(database: InDatabase, campaign_id: Id) -> CampaignOut:
    """Show a campaign: its cells with their settings, jobs and states."""
    return campaign_out(database, campaign_id)


@router.get(
    "/{campaign_id}/report",
    response_model=None,
    responses={200: answered_by("CampaignReportOut"), **documented(404, 422)},
)
def show_campaign_report(database: InDatabase, campaign_id: Id) -> Response:
    """Compare the cells of a campaign whose jobs have ended; the others are listed."""
    with database.read() as session:
        content = DOCUMENT.dump_json(report_of(session, campaign_id))
    return Response(content, media_type=JSON)


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
