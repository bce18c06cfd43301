"""Which worker held which trial from when to when, without the large columns of trials."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.states import AttemptState, Phase, TrialState
from service.storage.tables import AttemptRow, StudyRow, TrialRow


@dataclass(frozen=True, slots=True)
class WorkSpan:
    """An attempt at a trial.

    Attributes:
        study: The name of its study.
        number: Of the trial, in its study's sequence.
        attempt: Which try at the trial, from 1.
        queued_at: When the trial was stored, waiting.
        finished_at: None while it runs.
    """

    trial_id: int
    study: str
    phase: Phase
    number: int | None
    attempt: int
    state: AttemptState
    worker: str | None
    queued_at: datetime
    started_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class WorkSpans:
    """The newest attempts of a job, the oldest first, and how many it has.

    Attributes:
        waiting_since: When each of the trials that wait and were never tried was stored.
    """

    spans: list[WorkSpan]
    n_attempts: int
    waiting_since: list[datetime]

    def __len__(self) -> int:
        """Return how many values a cache has to keep."""
        return len(self.spans) + len(self.waiting_since)


def stamp(session: Session, job_id: int) -> list[tuple[str, bool, int]]:
    """Return what changes with every attempt of a job, also with one that ends late, silently."""
    kinds = (AttemptRow.state, AttemptRow.is_late)
    query = select(*kinds, func.count()).where(AttemptRow.job_id == job_id).group_by(*kinds)
    return sorted((state, is_late, n) for state, is_late, n in session.execute(query))


def spans_of(session: Session, job_id: int, most: int) -> WorkSpans:
    """Return a job's attempts, at most `most`."""
    columns = (
        *(AttemptRow.trial_id, StudyRow.name, TrialRow.phase, TrialRow.number),
        *(AttemptRow.number, AttemptRow.state, AttemptRow.worker),
        *(TrialRow.queued_at, AttemptRow.started_at, AttemptRow.finished_at),
    )
    query = (
        select(*columns)
        .join(TrialRow, TrialRow.id == AttemptRow.trial_id)
        .join(StudyRow, StudyRow.id == TrialRow.study_id)
        .where(AttemptRow.job_id == job_id)
        .order_by(AttemptRow.id.desc())
        .limit(most)
    )
    found = [
        WorkSpan(trial_id, study, Phase(phase), number, attempt, AttemptState(state), *rest)
        for trial_id, study, phase, number, attempt, state, *rest in session.execute(query)
    ]
    n = session.scalar(select(func.count()).where(AttemptRow.job_id == job_id)) or 0
    waiting = (
        select(TrialRow.queued_at)
        .where(
            TrialRow.job_id == job_id,
            TrialRow.state == TrialState.WAITING,
            TrialRow.n_attempts == 0,
        )
        .order_by(TrialRow.id)
        .limit(most)
    )
    return WorkSpans(found[::-1], n, list(session.scalars(waiting)))
