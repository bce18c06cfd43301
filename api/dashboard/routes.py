"""The dashboard's routes: the list of jobs, data sets, the system, and static files."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from api import etags
from api.context import WithSettings, database_of
from api.dashboard import assets
from api.dashboard.forms.snippets import submit_command
from api.dashboard.new_job_routes import address_of
from api.dashboard.pages import comparison, datasets, new_job, system
from api.dashboard.pages import jobs as listing
from api.dashboard.rendering import html, html_of_stored, root_of, text_of
from api.etags import Made
from api.paging import Id, OptionalId
from api.parameters import EXACT
from service.jobs import progress
from service.samplers.catalogue import registry
from service.settings import Settings
from service.storage.job_versions import list_version
from service.tasks import kinds
from service.webhooks import commands

router = APIRouter(include_in_schema=False)
SAMPLERS = [info.name for info in registry.catalogue()]


@router.get("/", dependencies=EXACT)
def show_jobs(
    request: Request, settings: WithSettings, query: Annotated[listing.ListQuery, Query()]
) -> Response:
    """Show the list of jobs: those that fit what is given."""
    with database_of(request).read() as session:
        version = list_version(session)
        return etags.answer_of_list(
            request,
            session,
            # The page without any job offers templates, by what data there is.
            version if version is not None and version.n_jobs else None,
            progress.lack_of_dispatcher(session, settings),
            "text/html",
            lambda: Made(_jobs_page(session, settings, request, query).encode()),
        )


def _jobs_page(
    session: Session, settings: Settings, request: Request, query: listing.ListQuery
) -> str:
    page = listing.job_list(session, query, settings)
    is_empty = not page.lines and page.is_first and not page.is_filtered
    return text_of(
        "jobs.html",
        root_of(request.scope["path"]),
        page=page,
        least=comparison.LEAST_JOBS,
        most=comparison.MOST_JOBS,
        kinds=kinds.NAMES,
        samplers=SAMPLERS,
        starts=new_job.starts_of(session, None, None) if is_empty else (),
        command=submit_command(address_of(request, settings)) if is_empty else "",
    )


@router.get("/datasets", dependencies=EXACT)
def show_datasets(
    request: Request,
    settings: WithSettings,
    before: OptionalId = None,
    name: Annotated[str, Query(max_length=200)] = "",
    size_px: Annotated[int | None, Query(ge=1, le=4096)] = None,
) -> Response:
    """Show the list of data sets; a name and a side are filled into the form of an upload."""
    with database_of(request).read() as session:
        page = datasets.dataset_list(session, before)
    return html(
        request,
        "datasets.html",
        page=page,
        most_bytes=settings.max_dataset_bytes,
        proposed_name=name,
        proposed_px=size_px,
    )


@router.get("/datasets/{dataset_id}", dependencies=EXACT)
def show_dataset(request: Request, dataset_id: Id) -> Response:
    """Show one stored data set."""
    return html_of_stored(
        request, "dataset.html", lambda session: datasets.dataset_line(session, dataset_id)
    )


@router.get("/system", dependencies=EXACT)
def show_system(request: Request, settings: WithSettings) -> Response:
    """Show who works, what waits, and how much room there is."""
    return html(request, "system.html", page=system.system_page(database_of(request), settings))


@router.post("/system/webhooks/{name}/test")
def test_webhook_of_page(request: Request, name: str) -> Response:
    """Have a test message sent, and show the page again."""
    commands.send_test(database_of(request), name)
    return RedirectResponse("/system", 303)


@router.get("/static/{name}")
def send_asset(request: Request, name: str) -> Response:
    """Send a static file."""
    return assets.respond(name, request)


@router.get("/favicon.ico")
def send_favicon(request: Request) -> Response:
    """Send the icon to browsers that request it by default."""
    return assets.respond("favicon.svg", request)
