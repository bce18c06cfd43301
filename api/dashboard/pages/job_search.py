"""The page of a job that looks into its searches."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from api.dashboard.pages.job_head import JobHead, head_of


@dataclass(frozen=True, slots=True)
class SearchTab:
    """What the page that looks into its searches shows."""

    head: JobHead


def search_tab(session: Session, job_id: int) -> SearchTab:
    """Read the page that looks into its searches.

    Raises:
        NotFoundError: There is no such job.
    """
    return SearchTab(head_of(session, job_id))
