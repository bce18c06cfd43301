"""The dashboard's routes of campaigns."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from api import etags
from api.context import WithSettings, database_of
from api.dashboard.pages import campaigns
from api.dashboard.rendering import html_of_version, root_of, text_of
from api.etags import Made
from api.paging import Id, OptionalId
from api.parameters import EXACT
from service.jobs import progress
from service.storage.campaign_versions import campaign_version
from service.storage.job_versions import list_version

router = APIRouter(include_in_schema=False)


@router.get("/campaigns", dependencies=EXACT)
def show_campaigns(request: Request, before: OptionalId = None) -> Response:
    """Show the list of campaigns."""
    root = root_of(request.scope["path"])
    with database_of(request).read() as session:

        def make() -> Made:
            page = campaigns.campaign_list(session, before)
            return Made(text_of("campaigns.html", root, page=page).encode())

        return etags.answer_of_list(request, session, list_version(session), "", "text/html", make)


@router.get("/campaigns/{campaign_id}", dependencies=EXACT)
def show_campaign(request: Request, settings: WithSettings, campaign_id: Id) -> Response:
    """Show one campaign with its report."""

    def version(session: Session) -> tuple[object, ...]:
        lack = progress.lack_of_dispatcher(session, settings)
        return campaign_version(session, campaign_id), lack

    return html_of_version(
        request,
        "campaign.html",
        lambda session: campaigns.campaign_page(session, campaign_id, settings),
        version,
    )
