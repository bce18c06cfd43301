"""The dashboard's routes of several jobs together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from api import etags
from api.context import database_of
from api.dashboard.figure_answers import FigureFormat, answered
from api.dashboard.figures import convergence
from api.dashboard.figures.themes import THEMES, Figure, Theme, ThemeName
from api.dashboard.pages import comparison
from api.dashboard.pages.comparison import NotComparableError
from api.dashboard.rendering import html_of_jobs
from api.parameters import EXACT
from api.problems.handlers import ProblemError
from service.errors import NotFoundError
from service.jobs import progress
from service.storage import jobs, studies
from service.storage.recent import freshness_of

router = APIRouter(include_in_schema=False)

# As ticked in a form, or with commas between them.
Jobs = Annotated[list[str], Query(alias="jobs", max_length=40)]


@router.get("/compare", dependencies=EXACT)
def show_comparison(request: Request, named: Jobs = []) -> Response:  # noqa: B006 - FastAPI copies it
    """Show two to eight jobs side by side."""
    try:
        ids = comparison.ids_in(named)
    except NotComparableError as error:
        raise _refusal(error) from error
    return html_of_jobs(
        request, ids, "compare.html", lambda session: comparison.comparison(session, ids)
    )


@router.get("/compare/figure")
def show_curves(
    request: Request,
    theme: ThemeName = "light",
    named: Jobs = [],  # noqa: B006 - FastAPI copies it
    format: FigureFormat = "json",  # noqa: A002 - as in every download here
) -> Response:
    """Return the curves of several jobs for Plotly.js; null while there is none."""
    try:
        ids = comparison.ids_in(named)
        with database_of(request).read() as session:
            return etags.answer_again(
                request,
                etags.tag_of_jobs(request, session, ids),
                lambda: answered(_figure(session, ids, THEMES[theme]), "jobs", format),
                freshness_of(session),
            )
    except (NotComparableError, NotFoundError) as error:
        if format == "csv":
            raise _refusal(error) from error
        return answered(None, "jobs", format)


def _refusal(error: NotComparableError | NotFoundError) -> Exception:
    is_request = isinstance(error, NotComparableError)
    return ProblemError("invalid-parameter", str(error)) if is_request else error


def _figure(session: Session, ids: Sequence[int], theme: Theme) -> Figure | None:
    lines = []
    for job_id in ids:
        job = jobs.get(session, job_id)
        best = progress.leading(job, studies.of_job(session, job_id))
        if best is not None:
            results = convergence.results_of(session, job, "number")
            lines.append((f"#{job.id} {job.name}", best, results))
    return convergence.across_jobs(lines, theme) if lines else None
