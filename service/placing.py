"""Which waiting trials start next, each training once in the whole database."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from service import clock, evaluations, payloads, recording
from service.arms import is_speculation
from service.records import Trial
from service.states import Phase, TrialState
from service.storage import trials
from service.updates import Assignment

if TYPE_CHECKING:
    from service.runs import Run


def place(
    session: Session,
    run: Run,
    n_free: int,
    busy: Collection[str],
    *,
    with_speculation: bool = False,
) -> list[Assignment]:
    """Start what waits, at most `n_free` of it.

    The studies advance side by side: one that must wait for values is not left to be the slow tail
    behind one that could issue its whole budget at once.

    Args:
        session: A write transaction.
        run: Whose trials.
        n_free: How many could start.
        busy: Digests in training for other jobs.
        with_speculation: Whether trials that were run ahead of need may start, too.
    """
    if n_free <= 0:
        return []
    in_hand = {run.log.trials[trial_id].digest for trial_id in run.log.running} | set(busy)
    waiting = [t for t in run.log.waiting_trials() if with_speculation or not is_speculation(t)]
    waiting.sort(key=lambda trial: _turn(run, trial))
    ready = [trial for trial in waiting if trial.digest not in in_hand]
    chosen: dict[str, Trial] = {}
    start, size = 0, n_free
    while start < len(ready) and len(chosen) < n_free:
        _choose(session, run, ready[start : start + size], chosen, n_free)
        start, size = start + size, 2 * size  # further only past what others have
    return _start(session, run, list(chosen.values()))


def _turn(run: Run, trial: Trial) -> tuple[float, int]:
    """Order waiting trials by the part of their study's budget that comes before them."""
    if trial.phase is not Phase.SEARCH:
        return 1.0, trial.id
    return run.log.arm_of(trial).progress_at(trial), trial.id


def _choose(
    session: Session, run: Run, ready: Sequence[Trial], chosen: dict[str, Trial], n_free: int
) -> None:
    """Add to `chosen`, by digest, what no other job has completed or is training."""
    elsewhere = trials.elsewhere(session, run.job.id, [t.digest for t in ready])
    for trial in ready:
        known = elsewhere.get(trial.digest)
        if known is not None and known.state is TrialState.COMPLETED:
            recording.complete_from(session, run, trial, known)
            run.has_more = True
        elif known is None and len(chosen) < n_free:
            chosen.setdefault(trial.digest, trial)


def _start(session: Session, run: Run, chosen: Sequence[Trial]) -> list[Assignment]:
    now = clock.now()
    rows = [
        {
            "job_id": run.job.id,
            "trial_id": trial.id,
            "number": trial.n_attempts + 1,
            "dispatcher": run.job.lease_owner,
            "started_at": now,
        }
        for trial in chosen
    ]
    attempt_ids = trials.insert_attempts(session, rows)
    assignments = []
    for trial, attempt_id in zip(chosen, attempt_ids, strict=True):
        run.live[attempt_id] = trial.id
        n_attempts = trial.n_attempts + 1
        run.log.set_state(trial.id, TrialState.RUNNING, started_at=now, n_attempts=n_attempts)
        assignments.append(_assignment(run, trial, attempt_id))
    return assignments


def _assignment(run: Run, trial: Trial, attempt_id: int) -> Assignment:
    is_search = trial.phase is Phase.SEARCH
    return Assignment(
        attempt_id=attempt_id,
        trial_id=trial.id,
        job_id=run.job.id,
        digest=trial.digest,
        payload=trial.payload,
        device=payloads.device_of(run.spec),
        keeps_weights=evaluations.keeps_weights(run.spec, trial),
        stop_above=(run.log.arm_of(trial).limits(trial) or ()) if is_search else (),
    )
