"""Updates from workers become changes of trials and attempts, fenced by the attempt's state."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from service import clock, evaluations
from service.states import AttemptState, Phase, TrialState
from service.storage import trials
from service.storage.database import Database
from service.updates import Ended, Ending, Measured, Update

if TYPE_CHECKING:
    from service.runs import Run

_ATTEMPT_STATES = {
    Ending.COMPLETED: AttemptState.COMPLETED,
    Ending.DIVERGED: AttemptState.COMPLETED,
    Ending.CANCELLED: AttemptState.CANCELLED,
    Ending.ERROR: AttemptState.FAILED,
    Ending.CRASHED: AttemptState.FAILED,
}


def record(session: Session, run: Run, updates: Sequence[Update]) -> None:
    """Write what the workers reported; what comes from a given-up attempt is evidence only."""
    if run.job.state.is_final:  # cancelled over REST: its attempts were given up there
        run.live.clear()
    late = [u for u in updates if isinstance(u, Ended) and u.attempt_id not in run.live]
    live = [u for u in updates if u.attempt_id in run.live]
    _measure(session, run, [u for u in live if isinstance(u, Measured)])
    ended = [u for u in live if isinstance(u, Ended)]
    now = clock.now()
    trials.change_attempts(
        session,
        [_outcome(u) | {"state": _ATTEMPT_STATES[u.ending], "finished_at": now} for u in ended],
    )
    for update in ended:
        _end_trial(session, run, run.live.pop(update.attempt_id), update)
    _keep_late(session, late)


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
        "worker": update.worker,
    }


def _keep_late(session: Session, updates: Sequence[Ended]) -> None:
    """Keep results of attempts that were given up: evidence that changes nothing.

    A result that was taken in and comes again, after a commit whose answer was lost, is not late.
    """
    late = [update for update in updates if update.ending is not Ending.CANCELLED]
    if late:
        open_ids = trials.without_result(session, [update.attempt_id for update in late])
        late = [update for update in late if update.attempt_id in open_ids]
    trials.change_attempts(session, [_outcome(update) | {"is_late": True} for update in late])


def _end_trial(session: Session, run: Run, trial_id: int, update: Ended) -> None:
    trial = run.log.trials[trial_id]
    if update.ending in (Ending.COMPLETED, Ending.DIVERGED):
        is_diverged = update.ending is Ending.DIVERGED
        if trial.phase is Phase.EVALUATION and update.weights is not None:
            # Before the end: trials with the same digest then share it.
            evaluations.keep_artifact(session, run, trial, update.weights)
        run.end(
            session,
            trial.id,
            TrialState.COMPLETED,
            value=run.spec.diverged_value if is_diverged else update.value,
            is_diverged=is_diverged,
            metrics=update.metrics,
            training_s=update.training_s,
            error=None,
        )
        return
    error = {"detail": update.error or update.ending}
    n_failed = trials.count_failed_attempts(session, trial.id)
    if n_failed >= run.max_attempts:
        run.end(session, trial.id, TrialState.FAILED, error=error)
    else:
        _wait_again(session, run, [trial.id], error=error)


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
    lost = [a for a in found if a.id not in in_hand]
    now = clock.now()
    trials.change_attempts(
        session,
        [{"id": a.id, "state": AttemptState.LOST, "finished_at": now} for a in lost],
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
