"""The states of jobs, trials and attempts, and the one table of legal transitions."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from service.errors import IllegalTransitionError, NotDeletableError


class JobState(StrEnum):
    """Where a job is on its path; the last three are final, until a user extends or retries."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    EVALUATING = "EVALUATING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def is_final(self) -> bool:
        """Whether a job in this state is done, and only a user's order moves it again."""
        return self in {JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED}


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
        """Whether the trial has ended."""
        return self not in {TrialState.WAITING, TrialState.RUNNING}


class AttemptState(StrEnum):
    """The state of one attempt at a trial.

    FAILED: its own code raised. LOST: its worker, node or dispatcher died, or its pack failed; the
    trial is retried (see `service.orchestration.deaths` for how often).
    """

    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    LOST = "LOST"
    CANCELLED = "CANCELLED"


class ImportState(StrEnum):
    """The state of an import of a data set; all but the first are final.

    FAILED: the upload was refused, or there was no room. LOST: its server ended before it did.
    """

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    LOST = "LOST"


class CalibrationState(StrEnum):
    """The state of the measurement of a training's cost."""

    WAITING = "WAITING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"


class DeliveryState(StrEnum):
    """The state of a message to a webhook; all but the first are final.

    FAILED: no try of a day was accepted, or the webhook was switched off.
    """

    WAITING = "WAITING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


class Phase(StrEnum):
    """What a trial serves.

    PROMOTION: the full training of one of a study's best, where the search trained short.
    CONFIRMATION: a further training of one of a study's best, with another seed.
    EVALUATION: the final judgement on the test split.
    SUPERSEDED: nothing any more; its result is kept and may be taken by its digest.
    """

    SEARCH = "search"
    PROMOTION = "promotion"
    CONFIRMATION = "confirmation"
    EVALUATION = "evaluation"
    SUPERSEDED = "superseded"


# In which the best of a study are trained again before one of them is chosen.
TRAINED_AGAIN = (Phase.PROMOTION, Phase.CONFIRMATION)


class Role(StrEnum):
    """What a study is in its job.

    SEARCH: a sampler that the user asked for. CONTROL: one density that is not searched. TUNED: a
    control whose settings are searched at the same budget. SPECULATION: a better point that a
    search evaluated ahead of its sequence.
    """

    SEARCH = "search"
    CONTROL = "control"
    TUNED = "tuned"
    SPECULATION = "speculation"


_J, _T = JobState, TrialState

# A paused job remembers by its trials whether it was searching or evaluating: resuming goes to
# RUNNING, and the dispatcher moves it on at once when the search is over. A job that ended is
# QUEUED again when its budget is raised or its failed trials are to be tried again.
JOB_TRANSITIONS: Mapping[JobState, frozenset[JobState]] = {
    _J.QUEUED: frozenset({_J.RUNNING, _J.PAUSED, _J.CANCELLED, _J.FAILED}),
    _J.RUNNING: frozenset({_J.PAUSED, _J.EVALUATING, _J.SUCCEEDED, _J.FAILED, _J.CANCELLED}),
    _J.PAUSED: frozenset({_J.RUNNING, _J.FAILED, _J.CANCELLED}),
    _J.EVALUATING: frozenset({_J.PAUSED, _J.SUCCEEDED, _J.FAILED, _J.CANCELLED}),
    _J.SUCCEEDED: frozenset({_J.QUEUED}),
    _J.FAILED: frozenset({_J.QUEUED}),
    _J.CANCELLED: frozenset(),
}

# WAITING -> COMPLETED or PRUNED is a trial whose digest already has a result, or one that waited
# at a rung; RUNNING -> WAITING one whose attempt was lost, or has reached its rung; COMPLETED ->
# PRUNED one that ended before the trials that it is held against; FAILED -> WAITING and CANCELLED
# -> WAITING one of a job that ended without a user's order, and that a user wants tried again;
# PRUNED -> WAITING one that was held against such a one.
TRIAL_TRANSITIONS: Mapping[TrialState, frozenset[TrialState]] = {
    _T.WAITING: frozenset({_T.RUNNING, _T.COMPLETED, _T.PRUNED, _T.FAILED, _T.CANCELLED}),
    _T.RUNNING: frozenset({_T.WAITING, _T.COMPLETED, _T.PRUNED, _T.FAILED, _T.CANCELLED}),
    _T.COMPLETED: frozenset({_T.PRUNED}),
    _T.PRUNED: frozenset({_T.WAITING}),
    _T.FAILED: frozenset({_T.WAITING}),
    _T.CANCELLED: frozenset({_T.WAITING}),
}


def check_job_transition(old: JobState, new: JobState) -> None:
    """Raise `IllegalTransitionError` unless a job may go from `old` to `new`."""
    if new not in JOB_TRANSITIONS[old]:
        raise IllegalTransitionError("job", old, new)


def check_deletable(state: JobState) -> None:
    """Raise `NotDeletableError` unless a job in this state may be deleted."""
    if not state.is_final:
        raise NotDeletableError("job", state, "cancel it first, or wait for its end")


def check_trial_transition(old: TrialState, new: TrialState) -> None:
    """Raise `IllegalTransitionError` unless a trial may go from `old` to `new`."""
    if new not in TRIAL_TRANSITIONS[old]:
        raise IllegalTransitionError("trial", old, new)


# What ends a search before its trials are spent.
NOISE, WALL_CLOCK, COST, ASKING = "noise", "wall_clock", "cost", "asking"
# The number of trials after which they end a search depends on the clock and the machine.
LIMITS = (WALL_CLOCK, COST, ASKING)
# Why a search stopped, for people.
REASONS: Mapping[str, str] = MappingProxyType(
    {
        NOISE: "the differences between its values fell below the noise",
        WALL_CLOCK: "the budget's time limit was reached",
        COST: "the budget's cost limit was reached",
        ASKING: "the sampler failed",
    }
)


class MessageKind(StrEnum):
    """What a trainer outside did with an attempt; all but the first two end the attempt."""

    CLAIMED = "claimed"
    REPORTED = "reported"
    VALUE = "value"
    DIVERGED = "diverged"
    PRUNED = "pruned"
    FAILED = "failed"
    RELEASED = "released"
