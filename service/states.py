"""The states of jobs, trials and attempts, and the one table of legal transitions."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from service.errors import IllegalTransitionError


class JobState(StrEnum):
    """Where a job is on its path; the last three are final."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    EVALUATING = "EVALUATING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def is_final(self) -> bool:
        """Whether no transition leaves this state."""
        return not JOB_TRANSITIONS[self]


class TrialState(StrEnum):
    """Where a trial is on its path; the last four are final."""

    WAITING = "WAITING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    PRUNED = "PRUNED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def is_final(self) -> bool:
        """Whether no transition leaves this state."""
        return not TRIAL_TRANSITIONS[self]


class AttemptState(StrEnum):
    """How one try at a trial stands. LOST: its dispatcher is gone, nobody waits for it."""

    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    LOST = "LOST"
    CANCELLED = "CANCELLED"


class Phase(StrEnum):
    """What a trial serves: the search, or the final evaluation on the test split."""

    SEARCH = "search"
    EVALUATION = "evaluation"


_J, _T = JobState, TrialState

# A paused job remembers by its trials whether it was searching or evaluating: resuming goes to
# RUNNING, and the dispatcher moves it on at once when the search is over.
JOB_TRANSITIONS: Mapping[JobState, frozenset[JobState]] = {
    _J.QUEUED: frozenset({_J.RUNNING, _J.PAUSED, _J.CANCELLED, _J.FAILED}),
    _J.RUNNING: frozenset({_J.PAUSED, _J.EVALUATING, _J.SUCCEEDED, _J.FAILED, _J.CANCELLED}),
    _J.PAUSED: frozenset({_J.RUNNING, _J.FAILED, _J.CANCELLED}),
    _J.EVALUATING: frozenset({_J.PAUSED, _J.SUCCEEDED, _J.FAILED, _J.CANCELLED}),
    _J.SUCCEEDED: frozenset(),
    _J.FAILED: frozenset(),
    _J.CANCELLED: frozenset(),
}

# WAITING -> COMPLETED is a trial whose digest already has a result; RUNNING -> WAITING one whose
# attempt was lost.
TRIAL_TRANSITIONS: Mapping[TrialState, frozenset[TrialState]] = {
    _T.WAITING: frozenset({_T.RUNNING, _T.COMPLETED, _T.FAILED, _T.CANCELLED}),
    _T.RUNNING: frozenset({_T.WAITING, _T.COMPLETED, _T.PRUNED, _T.FAILED, _T.CANCELLED}),
    _T.COMPLETED: frozenset(),
    _T.PRUNED: frozenset(),
    _T.FAILED: frozenset(),
    _T.CANCELLED: frozenset(),
}


def check_job_transition(old: JobState, new: JobState) -> None:
    """Raise `IllegalTransitionError` unless a job may go from `old` to `new`."""
    if new not in JOB_TRANSITIONS[old]:
        raise IllegalTransitionError("job", old, new)


def check_trial_transition(old: TrialState, new: TrialState) -> None:
    """Raise `IllegalTransitionError` unless a trial may go from `old` to `new`."""
    if new not in TRIAL_TRANSITIONS[old]:
        raise IllegalTransitionError("trial", old, new)
