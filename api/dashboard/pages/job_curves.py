"""The page of a job with the curves of its trainings."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from api.dashboard.pages.job_head import JobHead, head_of


@dataclass(frozen=True, slots=True)
class CurvesTab:
    """What the page with the curves of its trainings shows."""

    head: JobHead


def curves_tab(session: Session, job_id: int) -> CurvesTab:
    """Read the page with the curves of its trainings.

    Raises:
        NotFoundError: There is no such job.
    """
    return CurvesTab(head_of(session, job_id))
