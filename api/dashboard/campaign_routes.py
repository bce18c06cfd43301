"""The dashboard's routes of campaigns."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from api.context import WithSettings, database_of
from api.dashboard.pages import campaigns
from api.dashboard.rendering import html, html_of_stored
from api.paging import Id, OptionalId
from api.parameters import EXACT

router = APIRouter(include_in_schema=False)


@router.get("/campaigns", dependencies=EXACT)
def show_campaigns(request: Request, before: OptionalId = None) -> HTMLResponse:
    """Show the list of campaigns."""
    with database_of(request).read() as session:
        page = campaigns.campaign_list(session, before)
    return html(request, "campaigns.html", page=page)


@router.get("/campaigns/{campaign_id}", dependencies=EXACT)
def show_campaign(request: Request, settings: WithSettings, campaign_id: Id) -> HTMLResponse:
    """Show one campaign with its report."""
    return html_of_stored(
        request,
        "campaign.html",
        lambda session: campaigns.campaign_page(session, campaign_id, settings),
    )
