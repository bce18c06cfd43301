"""The ends of trials: by a training, by another trial's result, or by a pruning rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from service.orchestration import artifacts
from service.orchestration.run import Run
from service.records import Trial
from service.states import Phase, TrialState
from service.studies import median_rule
from service.studies.study_run import StudyRun


def end(
    session: Session, run: Run, trial_id: int, state: TrialState, changes: dict[str, Any]
) -> None:
    """Move a trial to a final state, and mark its study to be asked again."""
    trial = run.log.set_state(trial_id, state, **changes)
    run.log.study_of(trial).is_dirty = True
    if state in (TrialState.COMPLETED, TrialState.PRUNED) and trial.cached_from is None:
        for twin_id in run.log.waiting.with_digest(trial.digest):
            complete_from(session, run, run.log.trials[twin_id], trial)


def complete_from(session: Session, run: Run, trial: Trial, source: Trial) -> None:
    """Give a waiting trial the result of another with the same digest.

    A training that was stopped is a result for those alone that the rule stops as early.
    """
    changes = {
        "value": run.spec.diverged_value if source.is_diverged else source.value,
        "is_diverged": source.is_diverged,
        **source.reusable(),
        "params": source.params if source.learned is not None else trial.params,
        "cached_from": source.id,
        "error": None,
    }
    if source.state is TrialState.PRUNED:
        epoch = _stop_of(run, trial, source.curve)
        if epoch is not None:
            end(session, run, trial.id, TrialState.PRUNED, changes | _stopped(source, epoch))
        return
    end(session, run, trial.id, TrialState.COMPLETED, changes)
    if trial.phase is Phase.EVALUATION:
        artifacts.share(session, run, trial, source)


# The median rule and halving


def _stop_of(run: Run, trial: Trial, curve: Sequence[float] | None) -> int | None:
    """Return the epoch after which the rule stops a trial with this curve, None if it does not."""
    if trial.phase is not Phase.SEARCH or curve is None:
        return None
    limits = run.log.study_of(trial).limits(trial)
    return median_rule.stop_of(curve, limits) if limits is not None else None


def _stopped(trial: Trial, epoch: int) -> dict[str, Any]:
    curve = (trial.curve or [])[:epoch]
    return {"value": curve[-1], "curve": curve, "is_diverged": False}


def settle(run: Run, study: StudyRun) -> None:
    """Apply the rule to trials that are complete or at a rung, once it can decide.

    That is when those it compares them with have ended, or are at the rung. It makes no difference
    whether a worker could stop in time: the result is the same.
    """
    has_moved = True
    while has_moved:  # one that is settled may decide on another
        undecided = sorted(study.unsettled | study.held)
        moved = [_settle_one(run, study, run.log.trials[i]) for i in undecided]
        has_moved = any(moved)


def _settle_one(run: Run, study: StudyRun, trial: Trial) -> bool:
    """Give a complete trial's value to the sampler, stop a trial, or release one; say whether."""
    is_complete = trial.state is TrialState.COMPLETED
    epoch = _stop_of(run, trial, trial.curve)
    if epoch is not None:
        study.settled.add(trial.id)
        run.log.set_state(trial.id, TrialState.PRUNED, **_stopped(trial, epoch))
    elif is_complete and study.limits(trial) is not None:
        study.settled.add(trial.id)
        study.put(trial)
    elif not is_complete and not study.is_held(trial):
        run.log.release(trial.id)
    else:
        return False
    return True
