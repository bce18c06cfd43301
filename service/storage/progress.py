"""Counts of a job's trials, from which its progress is computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, case, func, select
from sqlalchemy.orm import Session

from service.states import JobState, Phase, TrialState
from service.storage.jobs import deleted
from service.storage.tables import DELETED, JobRow, StudyRow, TrialRow

_IS_GUESSED = TrialRow.certainty != "certain"
_TALLY = (
    func.count(),
    func.count(TrialRow.cached_from),
    func.count(TrialRow.number),
    func.sum(case((_IS_GUESSED, 1), else_=0)),
    func.sum(case((_IS_GUESSED & TrialRow.number.is_not(None), 1), else_=0)),
)

# Made once: making them takes longer than running them.
_PLANNED = (
    select(
        StudyRow.job_id,
        func.count(),
        # A search that stopped early spends no more.
        func.sum(func.coalesce(StudyRow.stopped_at, StudyRow.n_trials)),
    )
    .where(StudyRow.job_id.in_(bindparam("wanted", expanding=True)))
    .group_by(StudyRow.job_id)
)
_BY_PHASE = (
    select(TrialRow.phase, TrialRow.state, *_TALLY)
    .where(TrialRow.job_id == bindparam("wanted"))
    .group_by(TrialRow.phase, TrialRow.state)
)
_BY_STUDY = (
    select(TrialRow.study_id, TrialRow.state, *_TALLY)
    .where(TrialRow.job_id == bindparam("wanted"), TrialRow.phase == Phase.SEARCH)
    .group_by(TrialRow.study_id, TrialRow.state)
)
_LAST_TRAINED = (
    select(TrialRow.started_at, TrialRow.finished_at)
    .where(
        TrialRow.job_id == bindparam("wanted"),
        TrialRow.state == TrialState.COMPLETED,
        TrialRow.cached_from.is_(None),
    )
    .order_by(TrialRow.id.desc())
    .limit(bindparam("most"))
)


def planned(session: Session, job_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return, for each job, how many studies it has and how many search trials they may spend."""
    found = session.execute(_PLANNED, {"wanted": list(job_ids)})
    return {job_id: (n_studies, int(n)) for job_id, n_studies, n in found}


@dataclass(frozen=True, slots=True)
class TrialCounts:
    """Counts of trials.

    Attributes:
        n: All of them.
        n_cached: Those that took an earlier result.
        n_numbered: Those in their study's sequence.
        n_guessed: Those that were run ahead of need.
        n_hits: Of these, how many the sequence turned out to need.
    """

    n: int = 0
    n_cached: int = 0
    n_numbered: int = 0
    n_guessed: int = 0
    n_hits: int = 0

    def __add__(self, other: TrialCounts) -> TrialCounts:
        return TrialCounts(
            self.n + other.n,
            self.n_cached + other.n_cached,
            self.n_numbered + other.n_numbered,
            self.n_guessed + other.n_guessed,
            self.n_hits + other.n_hits,
        )


def counts_by_phase(session: Session, job_id: int) -> dict[tuple[Phase, TrialState], TrialCounts]:
    """Count a job's trials by phase and state."""
    return {
        (Phase(phase), TrialState(state)): TrialCounts(*map(int, numbers))
        for phase, state, *numbers in session.execute(_BY_PHASE, {"wanted": job_id})
    }


def search_counts(session: Session, job_id: int) -> dict[tuple[int, TrialState], TrialCounts]:
    """Count a job's search trials by study and state."""
    return {
        (study_id, TrialState(state)): TrialCounts(*map(int, numbers))
        for study_id, state, *numbers in session.execute(_BY_STUDY, {"wanted": job_id})
    }


def recent_durations(session: Session, job_id: int, limit: int) -> list[float]:
    """Return the seconds that a job's last trained trials took, at most `limit`.

    Trials that ended before they started are left out: the clock was set back meanwhile.
    """
    found = session.execute(_LAST_TRAINED, {"wanted": job_id, "most": limit})
    return [
        (finished_at - started_at).total_seconds()
        for started_at, finished_at in found
        if started_at is not None and finished_at is not None and started_at <= finished_at
    ]


def jobs_by_state(session: Session) -> dict[JobState, int]:
    """Count all jobs by state."""
    query = select(JobRow.state, func.count()).where(JobRow.state != DELETED)
    query = query.group_by(JobRow.state)
    return {JobState(state): n for state, n in session.execute(query)}


def trials_by_state(session: Session) -> dict[TrialState, int]:
    """Count all trials by state."""
    query = select(TrialRow.state, func.count()).where(TrialRow.job_id.not_in(deleted()))
    query = query.group_by(TrialRow.state)
    return {TrialState(state): n for state, n in session.execute(query)}
