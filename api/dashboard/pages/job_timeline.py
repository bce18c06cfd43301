"""The page of a job with what its workers did when."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from api.dashboard.figures.figure_request import FigureRequest
from api.dashboard.figures.themes import Figure
from api.dashboard.figures.timeline import timeline_figure
from api.dashboard.pages.job_head import JobHead, head_of
from service import clock
from service.storage import events, timelines
from service.storage.answers import answers_in

# Attempts that are read for the figure.
MOST_ATTEMPTS = 20_000


@dataclass(frozen=True, slots=True)
class TimelineTab:
    """What the page with what its workers did when shows."""

    head: JobHead


def timeline_tab(session: Session, job_id: int) -> TimelineTab:
    """Read the page with what its workers did when.

    Raises:
        NotFoundError: There is no such job.
    """
    return TimelineTab(head_of(session, job_id))


def depends_on(session: Session, job_id: int) -> object:
    """Return what the figure depends on besides the job's version, while no time passes in it."""
    return timelines.stamp(session, job_id)


def draw_timeline(request: FigureRequest) -> Figure | None:
    """Return the figure of the attempts by worker; None before the first."""
    session, job = request.session, request.job
    last_id = events.last_id(session, job.id)
    # An attempt that ends late announces no event.
    name = f"attempts {timelines.stamp(session, job.id)}"
    found = answers_in(session).about(
        name, job, last_id, lambda: timelines.spans_of(session, job.id, MOST_ATTEMPTS)
    )
    now = job.finished_at if job.finished_at is not None and job.state.is_final else clock.now()
    return timeline_figure(found, now, request.theme, f"jobs/{job.id}/trials/")
