"""The routes of the figures of a job, and of its trials: JSON for Plotly.js."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import AfterValidator
from sqlalchemy.orm import Session

from api import etags
from api.context import database_of
from api.dashboard.figure_answers import FigureFormat, answered
from api.dashboard.figures import curves
from api.dashboard.figures.figure_request import Builder, FigureRequest
from api.dashboard.figures.themes import THEMES, Figure, ThemeName
from api.dashboard.pages import (
    job_comparison,
    job_convergence,
    job_curves,
    job_densities,
    job_overview,
    job_samples,
    job_search,
    job_timeline,
    trial,
)
from api.dashboard.searches.importance import RUNS
from api.paging import Id
from service.errors import NotFoundError
from service.records import Job
from service.storage import jobs, trials
from service.storage.job_versions import version_of
from service.storage.recent import freshness_of

router = APIRouter(include_in_schema=False)

# What draws each figure of a job, by its name in the address.
BUILDERS: Mapping[str, Builder] = {
    "arms": job_comparison.draw_arms,
    "boxes": job_search.draw_boxes,
    "contour": job_search.draw_contour,
    "curves": job_curves.draw_curves,
    "density": job_overview.draw_density,
    "field": job_densities.draw_fields,
    "items": job_samples.draw_items,
    "pairs": job_samples.draw_pairs,
    "profile": job_densities.draw_profiles,
    "convergence": job_convergence.draw_convergence,
    "distribution": job_convergence.draw_distribution,
    "fidelity": job_search.draw_fidelity,
    "hull": job_search.draw_hull,
    "importance": job_search.draw_importance,
    "parallel": job_search.draw_parallel,
    "ranks": job_convergence.draw_ranks,
    "samplers": job_comparison.draw_samplers,
    "slices": job_search.draw_slices,
    "timeline": job_timeline.draw_timeline,
}

# What figures depend on besides the version of the job: a computation that goes on, attempts that
# end late, losses of items, which jobs share. The timeline of a job at work moves with the clock.
OTHERS: Mapping[str, Callable[[Session, int], object]] = {
    "importance": lambda *_: RUNS.stamp(),
    "items": job_samples.depends_on,
    "pairs": job_samples.depends_on,
    "timeline": job_timeline.depends_on,
}
TIMED = frozenset({"timeline"})


def _known(name: str) -> str:
    if name not in BUILDERS:
        raise ValueError(f"there is no such figure: it is one of {', '.join(sorted(BUILDERS))}")
    return name


@router.get("/jobs/{job_id}/figures/{name}")
def show_figure(
    request: Request,
    job_id: Id,
    name: Annotated[str, Path(), AfterValidator(_known)],
    theme: ThemeName = "light",
    format: FigureFormat = "json",  # noqa: A002 - as in every download here
) -> Response:
    """Return a figure for Plotly.js: ``data`` and ``layout``; null while there is none.

    Args:
        request: All else in its address are the selections of the page, see the figure's builder.
        job_id: Which job.
        name: See `BUILDERS`.
        theme: Colours.
        format: JSON, or the same values as a table.
    """
    file = f"job-{job_id}-{name}"
    try:
        with database_of(request).read() as session:
            version = version_of(session, job_id)

            def draw() -> Response:
                job = jobs.get(session, job_id)
                return answered(_drawn(session, job, name, theme, request), file, format)

            if name in TIMED and not version.is_final:
                return draw()
            others = OTHERS[name](session, job_id) if name in OTHERS else None
            freshness = freshness_of(session) if others is None else None
            tag = etags.tag_of(request, version, others)
            return etags.answer_again(request, tag, draw, freshness)
    except NotFoundError:
        if format == "csv":  # a file: none rather than one without rows
            raise
        return answered(None, file, format)


def _drawn(
    session: Session, job: Job, name: str, theme: ThemeName, request: Request
) -> Figure | None:
    try:
        return BUILDERS[name](FigureRequest(session, job, THEMES[theme], request.query_params))
    except NotFoundError:
        return None


@router.get("/jobs/{job_id}/trials/{trial_id}/figure")
def show_trial_curve(
    request: Request,
    job_id: Id,
    trial_id: Id,
    theme: ThemeName = "light",
    format: FigureFormat = "json",  # noqa: A002
) -> Response:
    """Return the losses of a trial's epochs for Plotly.js; null while there is none."""
    try:
        with database_of(request).read() as session:
            found = trial.trial_of(session, job_id, trial_id)
            measured = trials.measurements(session, trial_id)
        figure = curves.figure_of(measured, found.curve, THEMES[theme])
    except NotFoundError:
        if format == "csv":
            raise
        figure = None
    return answered(figure, f"trial-{trial_id}-curve", format)
