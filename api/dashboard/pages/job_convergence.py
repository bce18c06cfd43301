"""The page of a job about its convergence: the best so far of every study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from api.dashboard.figures import convergence
from api.dashboard.figures.figure_request import FigureRequest
from api.dashboard.figures.series import Series, series_of
from api.dashboard.figures.themes import Figure
from api.dashboard.pages.job_head import JobHead, head_of
from service.storage import studies


@dataclass(frozen=True, slots=True)
class ConvergenceTab:
    """What the page about convergence shows; `series` are the lines of the figures."""

    head: JobHead
    series: Sequence[Series]


def convergence_tab(session: Session, job_id: int) -> ConvergenceTab:
    """Read the page about a job's convergence.

    Raises:
        NotFoundError: There is no such job.
    """
    head = head_of(session, job_id)
    return ConvergenceTab(head, series_of(head.studies))


def draw_trials(request: FigureRequest) -> Figure | None:
    """Return the figure of the best so far against trials."""
    own = studies.of_job(request.session, request.job.id)
    results = convergence.results_of(request.session, request.job, "number")
    return convergence.against_trials(own, results, request.theme) if results else None


def draw_time(request: FigureRequest) -> Figure | None:
    """Return the figure of the best so far against time."""
    own = studies.of_job(request.session, request.job.id)
    results = convergence.results_of(request.session, request.job, "time")
    since = request.job.started_at
    return convergence.against_time(own, results, request.theme, since) if results else None
