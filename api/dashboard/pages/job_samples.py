"""The page of a job with samples of its test split."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from api.dashboard.pages.job_head import JobHead, head_of


@dataclass(frozen=True, slots=True)
class SamplesTab:
    """What the page with samples of its test split shows."""

    head: JobHead


def samples_tab(session: Session, job_id: int) -> SamplesTab:
    """Read the page with samples of its test split.

    Raises:
        NotFoundError: There is no such job.
    """
    return SamplesTab(head_of(session, job_id))
