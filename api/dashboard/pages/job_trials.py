"""The page of a job with its trials, the newest first."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from api.dashboard.pages.job_head import JobHead, head_of
from api.dashboard.pages.trial_rows import TRIALS_SHOWN, TrialRows, trial_rows


@dataclass(frozen=True, slots=True)
class TrialsTab:
    """What the page of the trials shows."""

    head: JobHead
    rows: TrialRows


def trials_tab(session: Session, job_id: int, above: int | None) -> TrialsTab:
    """Read the page of a job's trials.

    Args:
        session: In a transaction.
        job_id: Which job.
        above: Show all trials with greater ids; the newest page of them when None.

    Raises:
        NotFoundError: There is no such job.
    """
    head = head_of(session, job_id)
    rows = trial_rows(session, head.job, head.studies, limit=TRIALS_SHOWN, above=above)
    return TrialsTab(head, rows)
