"""Counts of a job's trials: what its progress is made of."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.states import JobState, Phase, TrialState
from service.storage.tables import JobRow, StudyRow, TrialRow


def planned(session: Session, job_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return, for each job, how many studies it has and how many search trials they may spend."""
    query = (
        select(StudyRow.job_id, func.count(), func.sum(StudyRow.n_trials))
        .where(StudyRow.job_id.in_(list(job_ids)))
        .group_by(StudyRow.job_id)
    )
    return {job_id: (n_studies, int(n)) for job_id, n_studies, n in session.execute(query)}


def counts_by_phase(
    session: Session, job_ids: Sequence[int]
) -> dict[tuple[int, Phase, TrialState], tuple[int, int]]:
    """Count trials by job, phase and state: all of them, and those that took an earlier result."""
    key = (TrialRow.job_id, TrialRow.phase, TrialRow.state)
    query = (
        select(*key, func.count(), func.count(TrialRow.cached_from))
        .where(TrialRow.job_id.in_(list(job_ids)))
        .group_by(*key)
    )
    return {
        (job_id, Phase(phase), TrialState(state)): (n, n_cached)
        for job_id, phase, state, n, n_cached in session.execute(query)
    }


def recent_durations(session: Session, job_id: int, limit: int) -> list[float]:
    """Return the seconds that a job's last trained trials took, at most `limit`."""
    query = (
        select(TrialRow.started_at, TrialRow.finished_at)
        .where(
            TrialRow.job_id == job_id,
            TrialRow.state == TrialState.COMPLETED,
            TrialRow.cached_from.is_(None),
        )
        .order_by(TrialRow.id.desc())
        .limit(limit)
    )
    return [
        (finished_at - started_at).total_seconds()
        for started_at, finished_at in session.execute(query)
        if started_at is not None and finished_at is not None
    ]


def jobs_by_state(session: Session) -> dict[JobState, int]:
    """Count all jobs by state."""
    query = select(JobRow.state, func.count()).group_by(JobRow.state)
    return {JobState(state): n for state, n in session.execute(query)}


def trials_by_state(session: Session) -> dict[TrialState, int]:
    """Count all trials by state."""
    query = select(TrialRow.state, func.count()).group_by(TrialRow.state)
    return {TrialState(state): n for state, n in session.execute(query)}
