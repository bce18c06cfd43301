"""The dashboard's routes: the pages of jobs and data sets, their figures and their files."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from sqlalchemy.orm import Session

from api.context import WithSettings, database_of
from api.dashboard import assets
from api.dashboard.figures import convergence, curves, heatmaps
from api.dashboard.figures.themes import THEMES, Figure, ThemeName
from api.dashboard.pages import datasets, density_cards, system, trial
from api.dashboard.pages import job as views
from api.dashboard.pages import jobs as listing
from api.dashboard.pages.examples import EXAMPLES
from api.dashboard.pages.margins import margin_of
from api.dashboard.pages.trial_rows import TRIALS_SHOWN, trial_rows
from api.dashboard.rendering import HEADERS, html, html_of_stored
from api.paging import MAX_ID, Id, OptionalId
from service.errors import NotFoundError
from service.samplers.catalogue import registry
from service.storage import jobs, studies, trials
from service.storage.database import Database
from service.tasks import kinds

router = APIRouter(include_in_schema=False)
SAMPLERS = [info.name for info in registry.catalogue()]


@router.get("/")
def show_jobs(request: Request, query: Annotated[listing.ListQuery, Query()]) -> HTMLResponse:
    """Show the list of jobs: those that fit what is given."""
    with database_of(request).read() as session:
        page = listing.job_list(session, query.wanted, query.sort, query.before)
    return html(
        request, "jobs.html", page=page, kinds=kinds.NAMES, samplers=SAMPLERS, starts=EXAMPLES
    )


@router.get("/jobs/{job_id}")
def show_job(
    request: Request,
    job_id: Id,
    density: OptionalId = None,
    above: OptionalId = None,
    margin_percent: str | None = None,
) -> HTMLResponse:
    """Show one job.

    Args:
        request: Of the page.
        job_id: Which job.
        density: Id of the density that is shown.
        above: See `views.job_page`.
        margin_percent: The gain that matters; a wrong one is said in the page.
    """
    margin = margin_of(margin_percent)

    def read(session: Session) -> views.JobPage:
        return views.job_page(session, job_id, density, above, margin)

    return html_of_stored(request, "job.html", read)


@router.get("/jobs/{job_id}/trials")
def show_older_trials(
    request: Request, job_id: Id, before: Annotated[int, Query(ge=1, le=MAX_ID)]
) -> HTMLResponse:
    """Return the rows of the next page of trials, to be appended to the table."""
    try:
        with database_of(request).read() as session:
            job = jobs.get(session, job_id)
            own = studies.of_job(session, job_id)
            rows = trial_rows(session, job, own, limit=TRIALS_SHOWN, before=before)
    except NotFoundError as error:
        return html(request, "missing.html", 404, detail=str(error))
    return html(request, "older_trials.html", at=f"/jobs/{job_id}", rows=rows)


@router.get("/jobs/{job_id}/trials/{trial_id}")
def show_trial(request: Request, job_id: Id, trial_id: Id) -> HTMLResponse:
    """Show one trial of a job."""
    return html_of_stored(
        request, "trial.html", lambda session: trial.trial_page(session, job_id, trial_id)
    )


@router.get("/jobs/{job_id}/trials/{trial_id}/figure")
def show_trial_curve(
    request: Request, job_id: Id, trial_id: Id, theme: ThemeName = "light"
) -> JSONResponse:
    """Return the losses of a trial's epochs for Plotly.js; null while there is none."""
    try:
        with database_of(request).read() as session:
            found = trial.trial_of(session, job_id, trial_id)
            measured = trials.measurements(session, trial_id)
        figure = curves.figure_of(measured, found.curve, THEMES[theme])
    except NotFoundError:
        figure = None
    return JSONResponse(figure, headers=HEADERS)


@router.get("/jobs/{job_id}/figures/{name}")
def show_figure(
    request: Request,
    job_id: Id,
    name: Literal["trials", "time", "density"],
    theme: ThemeName = "light",
    density: OptionalId = None,
) -> JSONResponse:
    """Return a figure for Plotly.js: ``data`` and ``layout``; null while there is none."""
    try:
        figure = _figure(database_of(request), job_id, name, theme, density)
    except NotFoundError:
        figure = None
    return JSONResponse(figure, headers=HEADERS)


def _figure(
    database: Database, job_id: int, name: str, theme_name: ThemeName, density: int | None
) -> Figure | None:
    theme = THEMES[theme_name]
    with database.read() as session:
        if name == "density":
            record = density_cards.density_of(session, job_id, density)
            return heatmaps.density_figure(record, theme)
        job = jobs.get(session, job_id)
        own = studies.of_job(session, job_id)
        results = convergence.results_of(session, job, "time" if name == "time" else "number")
    if not results:
        return None
    if name == "time":
        return convergence.against_time(own, results, theme, job.started_at)
    return convergence.against_trials(own, results, theme)


@router.get("/datasets")
def show_datasets(
    request: Request, settings: WithSettings, before: OptionalId = None
) -> HTMLResponse:
    """Show the list of data sets."""
    with database_of(request).read() as session:
        page = datasets.dataset_list(session, before)
    return html(request, "datasets.html", page=page, most_bytes=settings.max_dataset_bytes)


@router.get("/datasets/{dataset_id}")
def show_dataset(request: Request, dataset_id: Id) -> HTMLResponse:
    """Show one stored data set."""
    return html_of_stored(
        request, "dataset.html", lambda session: datasets.dataset_line(session, dataset_id)
    )


@router.get("/system")
def show_system(request: Request, settings: WithSettings) -> HTMLResponse:
    """Show who works, what waits, and how much room there is."""
    return html(request, "system.html", page=system.system_page(database_of(request), settings))


@router.get("/static/{name}")
def send_asset(request: Request, name: str) -> Response:
    """Send a static file."""
    return assets.respond(name, request)


@router.get("/favicon.ico")
def send_favicon(request: Request) -> Response:
    """Send the icon to browsers that request it by default."""
    return assets.respond("favicon.svg", request)
