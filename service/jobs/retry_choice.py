"""Which trials of a job are run again when a user retries it; the changes are in `reopen`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from service import samplers
from service.errors import NothingToRetryError
from service.jobs.commands import resolved_of
from service.records import Job, Study, TrialOutline
from service.states import ASKING, TRAINED_AGAIN, JobState, Phase, Role, TrialState
from service.storage import studies, trials
from service.studies import planning
from service.studies.resolved import ResolvedSpec

# In these are trials that were selected by the search's result.
CHOSEN_BY_SEARCH = (*TRAINED_AGAIN, Phase.EVALUATION)
WITHOUT_RESULT = (TrialState.FAILED, TrialState.CANCELLED)


@dataclass(frozen=True, slots=True)
class RetryChoice:
    """The changes that a retry makes to a job.

    Attributes:
        phase: The first of its phases in which a trial failed; what follows is chosen again.
        failed: The trials of that phase that are retried; promotions and confirmations together.
        ended: Studies whose search ended because their sampler failed; they are asked again.
        gone: Ids of search trials whose proposal depended on a failed one's worst value.
        pruned: Search trials that were pruned by a comparison that may include a failed one.
    """

    phase: Phase
    failed: list[TrialOutline]
    ended: list[Study]
    gone: set[int]
    pruned: list[TrialOutline]


def choose(session: Session, job: Job) -> RetryChoice:
    """Choose what is retried in a job that has ended; nothing is changed.

    Raises:
        NothingToRetryError: None of its trials and samplers has failed.
    """
    every = trials.outlines(session, job.id)
    failed = [trial for trial in every if _is_failed(trial, job)]
    found = studies.of_job(session, job.id)
    ended = [study for study in found if study.stopped_by == ASKING]
    is_cut = _is_cut(job, found)
    if not (failed or ended or is_cut):
        raise NothingToRetryError(job.id)
    phases = {trial.phase for trial in failed}
    if ended or (is_cut and not failed):
        phases.add(Phase.SEARCH)
    phase = next(p for p in (Phase.SEARCH, *CHOSEN_BY_SEARCH) if p in phases)
    alike = TRAINED_AGAIN if phase in TRAINED_AGAIN else (phase,)
    chosen = [trial for trial in failed if trial.phase in alike]
    if phase is not Phase.SEARCH:
        return RetryChoice(phase, chosen, [], set(), [])
    resolved = resolved_of(job)
    gone = _proposed_by_failures(resolved, found, every, {trial.id for trial in failed})
    pruned = [t for study in found for t in _held_against(resolved, study, every, chosen)]
    return RetryChoice(phase, _without(chosen, gone), ended, gone, _without(pruned, gone))


def _is_cut(job: Job, found: Sequence[Study]) -> bool:
    """Whether a job failed for a reason that is none of its trials', with work left."""
    has_work = any(not s.is_finished or s.best_trial_id is not None for s in found)
    return job.state is JobState.FAILED and has_work


def _without(found: Sequence[TrialOutline], gone: Collection[int]) -> list[TrialOutline]:
    return [trial for trial in found if trial.id not in gone]


def _held_against(
    resolved: ResolvedSpec,
    study: Study,
    every: Sequence[TrialOutline],
    failed: Sequence[TrialOutline],
) -> list[TrialOutline]:
    """Return the trials of a study that were stopped in the round of a failed one, or later."""
    numbers = [t.number for t in failed if t.study_id == study.id and t.number is not None]
    if not numbers or study.role not in (Role.SEARCH, Role.TUNED):
        return []
    size = planning.round_size_of(resolved.spec, study, resolved.spaces) or 1
    start = min(numbers) // size * size
    mine = (t for t in every if t.study_id == study.id and t.phase is Phase.SEARCH)
    stopped = (t for t in mine if t.state is TrialState.PRUNED and t.number is not None)
    return [trial for trial in stopped if (trial.number or 0) >= start]


def _is_failed(trial: TrialOutline, job: Job) -> bool:
    # The trials of a job that ended by a bug of its own were cancelled with it.
    states = WITHOUT_RESULT if job.state is JobState.FAILED else (TrialState.FAILED,)
    return trial.phase is not Phase.SUPERSEDED and trial.state in states


def _proposed_by_failures(
    resolved: ResolvedSpec,
    found: Sequence[Study],
    every: Sequence[TrialOutline],
    failed: Collection[int],
) -> set[int]:
    """Return the search trials whose proposal depended on the values of failed ones."""
    by_study: dict[int, list[TrialOutline]] = defaultdict(list)
    for trial in every:
        if trial.phase is Phase.SEARCH:
            by_study[trial.study_id].append(trial)
    return {t.id for s in found for t in proposed_by(resolved, s, by_study[s.id], failed)}


def proposed_by(
    resolved: ResolvedSpec, study: Study, mine: Sequence[TrialOutline], failed: Collection[int]
) -> list[TrialOutline]:
    """Return the trials of a study whose proposal depended on the value of a failed one."""
    first = next((t for t in mine if t.id in failed), None)
    if first is None or study.role not in (Role.SEARCH, Role.TUNED):
        return []
    can, number = samplers.describe(study.sampler).capabilities, first.number
    if not can.adaptive:
        return []
    if can.speculative or number is None:  # DIRECT: the order of the sequence, not that of issue
        return [t for t in mine if t.id != first.id and not _is_before(t, number)]
    size = planning.round_size_of(resolved.spec, study, resolved.spaces) or 1
    end = (number // size + 1) * size
    return [t for t in mine if t.number is None or t.number >= end]


def _is_before(trial: TrialOutline, number: int | None) -> bool:
    return trial.number is not None and number is not None and trial.number < number
