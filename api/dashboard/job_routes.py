"""The routes of a job's pages: each tab is a page, and its selections are in the address."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from api.context import WithSettings, settings_of
from api.dashboard.new_job_routes import address_of
from api.dashboard.pages import (
    job_comparison,
    job_convergence,
    job_curves,
    job_densities,
    job_files,
    job_overview,
    job_samples,
    job_search,
    job_timeline,
    job_trials,
    trial,
)
from api.dashboard.pages.job_trials import TableQuery
from api.dashboard.pages.margins import margin_of
from api.dashboard.pages.worker_log import LogWanted
from api.dashboard.rendering import html_of_job, html_of_stored
from api.dashboard.searches.importance import RUNS
from api.dashboard.searches.search_selection import SearchQuery
from api.paging import Id, OptionalId
from api.parameters import EXACT, exact_but
from api.trial_query import PREFIX
from service.jobs import attempt_logs
from service.storage import job_contents, jobs, trials

OptionalNumber = Annotated[int | None, Query(ge=1, le=1_000_000)]
OptionalLine = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]

router = APIRouter(prefix="/jobs/{job_id}", include_in_schema=False)


@router.get("", dependencies=EXACT)
def show_overview(
    request: Request, job_id: Id, density: OptionalId = None, margin_percent: str | None = None
) -> Response:
    """Show one job.

    Args:
        request: Of the page.
        job_id: Which job.
        density: Id of the density that is shown.
        margin_percent: The gain that matters; a wrong one is said in the page.
    """
    margin = margin_of(margin_percent)
    url = address_of(request, settings_of(request)).rstrip("/")
    return html_of_job(
        request,
        job_id,
        "job_overview.html",
        lambda session: job_overview.overview_tab(session, job_id, density, margin, url),
        is_timed=True,
    )


@router.get("/convergence")
def show_convergence(request: Request, job_id: Id) -> Response:
    """Show the best so far of every study."""
    return html_of_job(
        request,
        job_id,
        "job_convergence.html",
        lambda session: job_convergence.convergence_tab(session, job_id, request.query_params),
    )


@router.get("/comparison")
def show_comparison(request: Request, job_id: Id) -> Response:
    """Show the arms next to one another."""
    return html_of_job(
        request,
        job_id,
        "job_comparison.html",
        lambda session: job_comparison.comparison_tab(session, job_id),
    )


@router.get("/search", dependencies=exact_but(PREFIX))
def show_search(request: Request, job_id: Id, query: Annotated[SearchQuery, Query()]) -> Response:
    """Show how a search went through its space, see `SearchQuery`."""
    del query  # what is wrong with it is said in the page
    return html_of_job(
        request,
        job_id,
        "job_search.html",
        lambda session: job_search.search_tab(session, job_id, request.query_params),
        others=lambda _: RUNS.stamp(),
    )


@router.get("/curves")
def show_curves(request: Request, job_id: Id) -> Response:
    """Show the losses of the trainings, epoch by epoch."""
    return html_of_job(
        request,
        job_id,
        "job_curves.html",
        lambda session: job_curves.curves_tab(session, job_id, request.query_params),
    )


@router.get("/trials", dependencies=exact_but(PREFIX))
def show_trials(request: Request, job_id: Id, query: Annotated[TableQuery, Query()]) -> Response:
    """Show the trials, see `TableQuery`."""
    return html_of_job(
        request,
        job_id,
        "job_trials.html",
        lambda session: job_trials.trials_tab(session, job_id, query, request),
    )


# Before the page of a trial, which would take the word for an id.
@router.get("/trials/rows", dependencies=exact_but(PREFIX))
def show_more_trials(
    request: Request, job_id: Id, query: Annotated[TableQuery, Query()]
) -> Response:
    """Answer with the rows of the next window alone, to be appended to the table."""
    return html_of_job(
        request,
        job_id,
        "more_trials.html",
        lambda session: job_trials.trials_tab(session, job_id, query, request),
        at=f"/jobs/{job_id}/trials",
    )


@router.get("/trials/{trial_id}", dependencies=EXACT)
def show_trial(
    request: Request,
    settings: WithSettings,
    job_id: Id,
    trial_id: Id,
    attempt: OptionalNumber = None,
    q: OptionalLine = None,
) -> Response:
    """Show one trial of a job.

    Args:
        request: Of the page.
        settings: Name the data directory.
        job_id: Which job.
        trial_id: Which trial.
        attempt: Number of the attempt whose log is shown.
        q: A part of the lines of the log that are shown.
    """
    folder, wanted = settings.data_dir, LogWanted(attempt, q)
    return html_of_job(
        request,
        job_id,
        "trial.html",
        lambda session: trial.trial_page(session, job_id, trial_id, folder, wanted),
        others=lambda session: [
            (one.state, one.is_late, attempt_logs.stamp(folder, job_id, one.id))
            for one in trials.attempts(session, trial_id)
        ],
    )


@router.get("/contents", dependencies=EXACT)
def show_contents(request: Request, job_id: Id) -> Response:
    """Answer with the part of a page that says what goes with the job when it is deleted."""

    def read(session: Session) -> job_contents.JobContents:
        jobs.get(session, job_id)
        return job_contents.contents_of(session, job_id)

    return html_of_stored(request, "job_contents.html", read, at=f"/jobs/{job_id}")


@router.get("/densities")
def show_densities(request: Request, job_id: Id) -> Response:
    """Show the best density of every study."""
    return html_of_job(
        request,
        job_id,
        "job_densities.html",
        lambda session: job_densities.densities_tab(session, job_id, request.query_params),
    )


@router.get("/samples")
def show_samples(request: Request, settings: WithSettings, job_id: Id) -> Response:
    """Show samples of the test split and what the arms make of them."""
    folder = settings.data_dir
    return html_of_job(
        request,
        job_id,
        "job_samples.html",
        lambda session: job_samples.samples_tab(session, job_id, folder, request.query_params),
        others=lambda session: job_samples.depends_on(session, job_id, folder),
    )


@router.get("/timeline")
def show_timeline(request: Request, job_id: Id) -> Response:
    """Show which worker did what when."""
    return html_of_job(
        request,
        job_id,
        "job_timeline.html",
        lambda session: job_timeline.timeline_tab(session, job_id),
    )


@router.get("/files")
def show_files(request: Request, job_id: Id) -> Response:
    """Show what can be downloaded, and the spec."""
    return html_of_job(
        request,
        job_id,
        "job_files.html",
        lambda session: job_files.files_tab(session, job_id),
        others=lambda session: job_samples.depends_on(session, job_id),
    )
