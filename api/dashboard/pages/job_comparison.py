"""The page of a job that compares its arms."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from api.dashboard.pages.job_head import JobHead, head_of
from api.dashboard.pages.job_overview import decision_of
from service.records import Json


@dataclass(frozen=True, slots=True)
class ComparisonTab:
    """What the page that compares the arms shows; `decision` is what to do with the density."""

    head: JobHead
    decision: Json | None


def comparison_tab(session: Session, job_id: int) -> ComparisonTab:
    """Read the page that compares a job's arms.

    Raises:
        NotFoundError: There is no such job.
    """
    head = head_of(session, job_id)
    return ComparisonTab(head, decision_of(session, head.job, None))
