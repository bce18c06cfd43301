"""The page of a job with what its workers did when."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from api.dashboard.pages.job_head import JobHead, head_of


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
