"""Queries on the trials whose checkpoints lie in the data directory."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from service.states import JobState, Phase, TrialState
from service.storage.jobs import deleted
from service.storage.tables import JobRow, TrialRow


@dataclass(frozen=True, slots=True)
class TrialStanding:
    """The state of the trial that a checkpoint belongs to.

    Attributes:
        digest: Of its training.
        is_open: Whether it has not ended.
        is_over: Whether its job has ended.
        may_be_promoted: Whether its training may yet be continued by a promotion.
    """

    digest: str
    is_open: bool
    is_over: bool
    may_be_promoted: bool


def standings(session: Session, trial_ids: Collection[int]) -> dict[int, TrialStanding]:
    """Return the states of trials, by their ids, without those of deleted jobs."""
    other = aliased(TrialRow)
    n_better = (
        select(func.count())
        .where(
            other.study_id == TrialRow.study_id,
            other.phase == Phase.SEARCH,
            other.state == TrialState.COMPLETED,
            other.is_diverged.is_(False),
            other.number.is_not(None),
            other.value < TrialRow.value,
        )
        .correlate(TrialRow)
        .scalar_subquery()
    )
    own = (TrialRow.id, TrialRow.digest, TrialRow.state, TrialRow.phase)
    query = (
        select(*own, JobRow.state, JobRow.spec, n_better)
        .join(JobRow, JobRow.id == TrialRow.job_id)
        .where(TrialRow.id.in_(trial_ids), TrialRow.job_id.not_in(deleted()))
    )
    found = {}
    for trial_id, digest, state, phase, job_state, spec, n in session.execute(query):
        n_promoted = (spec.get("fidelity") or {}).get("promote", 0)
        is_searched = phase == Phase.SEARCH and state == TrialState.COMPLETED
        found[trial_id] = TrialStanding(
            digest,
            is_open=not TrialState(state).is_final,
            is_over=JobState(job_state).is_final,
            may_be_promoted=is_searched and job_state != JobState.EVALUATING and n < n_promoted,
        )
    return found
