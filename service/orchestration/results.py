"""Record the workers' updates: attempts and their trials change."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy.orm import Session

from service import clock, devices
from service.orchestration import artifacts, deaths, trial_end
from service.orchestration.messages import Ended, Ending, Measured, Update
from service.orchestration.run import Run
from service.records import Trial
from service.states import AttemptState, Phase, TrialState
from service.storage import item_losses, trials
from service.storage.database import Database
from service.studies import gradient_settings, payloads
from service.studies.resolved import TrainingJob

# Why the attempts of a dispatcher that is gone have ended.
GIVEN_UP = "its dispatcher ended or lost its lease, and the job was taken over"
_ATTEMPT_STATES = {
    Ending.COMPLETED: AttemptState.COMPLETED,
    Ending.PRUNED: AttemptState.COMPLETED,
    Ending.AT_RUNG: AttemptState.COMPLETED,
    Ending.DIVERGED: AttemptState.COMPLETED,
    Ending.CANCELLED: AttemptState.CANCELLED,
    Ending.ERROR: AttemptState.FAILED,
    Ending.CRASHED: AttemptState.LOST,
    Ending.LOST: AttemptState.LOST,
    Ending.DISPLACED: AttemptState.LOST,
    Ending.LAPSED: AttemptState.LOST,
}
# Endings without a result that are no death.
UNSUCCESSFUL = frozenset({Ending.ERROR, Ending.CANCELLED, Ending.LAPSED})


def record(session: Session, run: Run, updates: Sequence[Update]) -> None:
    """Store what the workers reported; a result of a given-up attempt is only evidence."""
    if run.job.state.is_final:  # cancelled over REST: its attempts were given up there
        run.live.clear()
    late = [u for u in updates if isinstance(u, Ended) and u.attempt_id not in run.live]
    live = [u for u in updates if u.attempt_id in run.live]
    _measure(session, run, [u for u in live if isinstance(u, Measured)])
    ended = [u for u in live if isinstance(u, Ended)]
    now = clock.now()
    trials.change_attempts(
        session,
        [_outcome(u) | {"state": _attempt_state(run, u), "finished_at": now} for u in ended],
    )
    for update in ended:
        _end_trial(session, run, run.live.pop(update.attempt_id), update)
    run.shared.intersection_update(run.live)
    run.has_guesses = run.has_guesses or bool(updates)
    _keep_late(session, late)


def _attempt_state(run: Run, update: Ended) -> AttemptState:
    return AttemptState.LOST if _is_blameless(run, update) else _ATTEMPT_STATES[update.ending]


def _is_blameless(run: Run, update: Ended) -> bool:
    """Whether a try failed in a pack: another candidate may be to blame. It is tried alone."""
    return update.ending is Ending.ERROR and update.attempt_id in run.shared


def _measure(session: Session, run: Run, updates: Sequence[Measured]) -> None:
    now = clock.now()
    rows = [
        {
            "trial_id": update.trial_id,
            "epoch": update.epoch,
            "attempt_id": update.attempt_id,
            "metrics": update.metrics,
            "elapsed_s": update.elapsed_s,
            "measured_at": now,
        }
        for update in updates
    ]
    trials.insert_measurements(session, rows)
    for update in updates:
        data = {
            "trial_id": update.trial_id,
            "study_id": run.log.trials[update.trial_id].study_id,
            "epoch": update.epoch,
            "metrics": update.metrics,
        }
        run.log.announce("measurement", data)


def _outcome(update: Ended) -> dict[str, Any]:
    return {
        "id": update.attempt_id,
        "value": update.value,
        "metrics": update.metrics,
        "error": {"detail": update.error} if update.error else None,
        "death": update.death.to_json() if update.death else None,
        "worker": devices.worker_text(update.worker, update.device),
    }


def _keep_late(session: Session, updates: Sequence[Ended]) -> None:
    """Keep results of attempts that were given up: evidence that changes nothing.

    A result that was taken in and comes again, after a commit whose answer was lost, is not late.
    A death is no result.
    """
    nothing = deaths.DEATHS | {Ending.CANCELLED, Ending.AT_RUNG, Ending.LAPSED}
    late = [update for update in updates if update.ending not in nothing]
    if late:
        open_ids = trials.without_result(session, [update.attempt_id for update in late])
        late = [update for update in late if update.attempt_id in open_ids]
    trials.change_attempts(session, [_outcome(update) | {"is_late": True} for update in late])


def _end_trial(session: Session, run: Run, trial_id: int, update: Ended) -> None:
    trial = run.log.trials[trial_id]
    if update.ending in deaths.DEATHS | UNSUCCESSFUL:
        _fail(session, run, trial, update)
        return
    if update.ending is Ending.AT_RUNG:
        _pause(run, trial, update)
        return
    if trial.phase is Phase.EVALUATION and update.weights is not None:
        # Before the end: trials with the same digest then share it.
        artifacts.keep(session, run, trial, update.weights)
        if update.stored_sheet is not None:
            artifacts.keep_sheet(session, run, trial, update.stored_sheet)
    if trial.phase is Phase.EVALUATION and update.items is not None:
        item_losses.put(session, trial.digest, update.items)
    is_diverged = update.ending is Ending.DIVERGED
    state = TrialState.PRUNED if update.ending is Ending.PRUNED else TrialState.COMPLETED
    changes = {
        "value": run.spec.diverged_value if is_diverged else update.value,
        "is_diverged": is_diverged,
        **update.measured(),
        "curve": list(update.curve) or None,
        "error": None,
    }
    resolved, learned = run.resolved, update.learned
    if learned is not None and isinstance(resolved, TrainingJob):
        changes["learned"] = gradient_settings.with_bounds(resolved, trial.payload, learned)
        changes["params"] = payloads.learned_params(resolved, trial.params, learned)
    trial_end.end(session, run, trial.id, state, changes)


def _pause(run: Run, trial: Trial, update: Ended) -> None:
    """Let a trial wait at the rung it has reached, and those that share its training with it."""
    found = {"curve": list(update.curve), "metrics": update.metrics}
    # What is learned is stored with the final result alone.
    own = update.measured() | found | {"learned": trial.learned, "error": None}
    run.log.set_state(trial.id, TrialState.WAITING, **own)
    run.log.study_of(trial).is_dirty = True
    for twin_id in run.log.waiting.with_digest(trial.digest):
        twin = run.log.trials[twin_id]
        if twin.phase is Phase.SEARCH and len(twin.curve or ()) < len(update.curve):
            run.log.change(twin_id, **found)
            run.log.study_of(twin).is_dirty = True


def _fail(session: Session, run: Run, trial: Trial, update: Ended) -> None:
    reason = update.error or str(update.ending)
    error = deaths.after(trial.error, update.ending, reason, run.max_attempts)
    if _has_failed(session, run, trial, update):
        trial_end.end(session, run, trial.id, TrialState.FAILED, {"error": error})
    elif why := deaths.verdict(error, run.max_attempts):
        trial_end.end(session, run, trial.id, TrialState.FAILED, {"error": {"detail": why}})
    else:
        _wait_again(session, run, [trial.id], error=error)


def _has_failed(session: Session, run: Run, trial: Trial, update: Ended) -> bool:
    """Whether a trial's own code has raised as often as it may.

    At each multiple: after a retry by a user a trial has as many attempts as at first. A cancelled
    attempt is no failure.
    """
    if update.ending is not Ending.ERROR or _is_blameless(run, update):
        return False
    return trials.count_failed_attempts(session, trial.id) % run.max_attempts == 0


def _wait_again(session: Session, run: Run, trial_ids: Collection[int], **changes: Any) -> None:
    trials.forget_measurements(session, list(trial_ids))
    for trial_id in trial_ids:
        run.log.set_state(trial_id, TrialState.WAITING, started_at=None, **changes)


def recover(session: Session, run: Run, in_hand: Collection[int]) -> None:
    """Give up the attempts of a dispatcher that is gone; their trials wait again.

    Such an attempt does not count against `max_attempts`: the trial is not to blame.
    """
    found = trials.running_attempts(session, run.job.id)
    run.live = {a.id: a.trial_id for a in found if a.id in in_hand}
    if run.pack_width > 1:  # which of them share a worker is not stored
        run.shared = set(run.live)
    lost = [a for a in found if a.id not in in_hand]
    now = clock.now()
    trials.change_attempts(
        session,
        [
            {
                "id": attempt.id,
                "state": AttemptState.LOST,
                "error": {"detail": GIVEN_UP},
                "finished_at": now,
            }
            for attempt in lost
        ],
    )
    _wait_again(
        session,
        run,
        [a.trial_id for a in lost if run.log.trials[a.trial_id].state is TrialState.RUNNING],
    )


def record_late(database: Database, updates: Sequence[Update]) -> None:
    """Keep results that came after their job was taken over or ended; nothing else changes."""
    ended = [update for update in updates if isinstance(update, Ended)]
    if not ended:
        return
    with database.write() as session:
        _keep_late(session, ended)
