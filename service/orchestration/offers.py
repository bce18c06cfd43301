"""Trials of trainers outside: offered here, claimed and reported by way of the API.

What trainers did since the last step are messages; a step takes them in, in the transaction that
changes the trials (docs/adr/0063-trainers-outside.md). A result depends on none of it: not on who
claims a trial, nor on how often one is lost.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy.orm import Session

from service.orchestration import ask
from service.orchestration.messages import Ended, Ending, Update
from service.orchestration.run import Run
from service.records import Json, Trial
from service.states import AttemptState, MessageKind, Phase, TrialState
from service.storage import held_claims, shared_clock, trainers, trials
from service.storage.trainers import TrainerMessage
from service.studies.study_run import is_speculation
from service.tasks.external import ExternalTask, minimised

# Unclaimed offers: as many trainers may ask at once and find a trial.
RESERVE = 64
# Messages of one step.
MOST_MESSAGES = 1_000
# What trainers say of a trial that goes on.
UNDER_WAY = (MessageKind.CLAIMED, MessageKind.REPORTED)
NEVER_ASKED = (
    "no trainer has asked yet: start your program, which asks for trials with Client.work"
)
NO_LONGER_ASKED = "no trainer asks any more: start your program again"
LAPSED = "its trainer sent no heartbeat until the lease ended"
RELEASED = "its trainer gave it back"


def task_of(run: Run) -> ExternalTask:
    """Return the task section of an external training."""
    task = run.spec.task
    if not isinstance(task, ExternalTask):
        raise TypeError(f"job {run.job.id} has no trainers outside")
    return task


# Messages


def hear(session: Session, run: Run) -> list[Update]:
    """Take in what trainers did since the last step: claims at once, ends as updates."""
    updates: list[Update] = []
    messages = trainers.take_messages(session, run.job.id, MOST_MESSAGES)
    ends = {m.attempt_id: int(m.body["trial_id"]) for m in messages if m.kind not in UNDER_WAY}
    reported = trainers.reported(session, ends) if ends else {}
    for message in messages:
        if message.kind == MessageKind.CLAIMED:
            _claimed(session, run, message)
        elif message.kind == MessageKind.REPORTED:
            _announce(run, message)
        else:
            updates.append(_ended(run, message, reported.get(message.attempt_id, ())))
    ended = {update.attempt_id for update in updates}
    lapsed = trainers.lapsed(session, run.job.id, shared_clock.now(session))
    updates += [
        Ended(attempt_id, run.live[attempt_id], Ending.LAPSED, error=LAPSED, worker=worker)
        for attempt_id, worker in lapsed.items()
        if attempt_id in run.live and attempt_id not in ended
    ]
    return updates


def _claimed(session: Session, run: Run, message: TrainerMessage) -> None:
    attempt_id, trial_id = message.attempt_id, int(message.body["trial_id"])
    run.offered.discard(trial_id)
    trial = run.log.trials[trial_id]
    if run.job.state.is_final:  # all was cancelled there
        return
    if trial.state is TrialState.WAITING:
        _start(run, attempt_id, trial, message.sent_at)
    elif attempt_id not in run.live:
        _give_up(session, run, message)


def _give_up(session: Session, run: Run, message: TrainerMessage) -> None:
    """Cancel a claim whose trial was dropped: its row becomes again what is known here."""
    trial_id = int(message.body["trial_id"])
    run.log.change(trial_id, state=run.log.trials[trial_id].state)
    ended = {"state": AttemptState.CANCELLED, "finished_at": message.sent_at}
    trials.change_attempts(session, [{"id": message.attempt_id, **ended}])


def _start(run: Run, attempt_id: int, trial: Trial, at: datetime) -> None:
    run.live[attempt_id] = trial.id
    n_attempts = trial.n_attempts + 1
    run.log.set_state(trial.id, TrialState.RUNNING, started_at=at, n_attempts=n_attempts)


def _announce(run: Run, message: TrainerMessage) -> None:
    trial = run.log.trials.get(run.live.get(message.attempt_id, 0))
    if trial is not None:
        data = {"trial_id": trial.id, "study_id": trial.study_id, **message.body}
        run.log.announce("measurement", data)


_ENDINGS = {
    MessageKind.VALUE: Ending.COMPLETED,
    MessageKind.DIVERGED: Ending.DIVERGED,
    MessageKind.PRUNED: Ending.PRUNED,
    MessageKind.FAILED: Ending.ERROR,
    MessageKind.RELEASED: Ending.CANCELLED,
}


def _ended(run: Run, message: TrainerMessage, rows: Sequence[Json]) -> Ended:
    """Return the end of an attempt; its values are turned so that lower is better."""
    body, task = message.body, task_of(run)
    section, kind = task.model_dump(mode="json"), message.kind
    trial_id, value = int(body["trial_id"]), body.get("value")
    curve = tuple(minimised(section, float(row[task.metric])) for row in rows)
    metrics = body.get("metrics") or {}
    return Ended(
        message.attempt_id,
        trial_id,
        _ENDINGS[kind],
        None if value is None else minimised(section, float(value)),
        curve=curve,
        error=body.get("reason") or (RELEASED if kind is MessageKind.RELEASED else None),
        worker=body.get("worker"),
        metrics=metrics if value is None else {task.metric: value, **metrics},
        training_s=body.get("elapsed_s"),
    )


# Offers


def place(session: Session, run: Run) -> None:
    """Offer the trials that may start; for trainers that still wait, points ahead of need."""
    _offer(session, run, RESERVE - len(run.offered))
    if not run.may_guess:
        return
    n_idle = trainers.n_wanted(session, run.job.id, shared_clock.now(session)) - len(run.offered)
    if n_idle > 0:
        run.has_guesses = ask.speculate(session, run, n_idle)
        _offer(session, run, n_idle, with_speculation=True)


def _offer(session: Session, run: Run, limit: int, *, with_speculation: bool = False) -> None:
    if limit <= 0:
        return
    found = list(islice(_ready(run, with_speculation=with_speculation), limit))
    if not found:
        return
    now = shared_clock.now(session)
    rows = [
        {
            "job_id": run.job.id,
            "trial_id": trial.id,
            "assignment": _assignment(run, trial),
            "offered_at": now,
        }
        for trial in found
    ]
    trainers.offer(session, rows)
    run.offered |= {trial.id for trial in found}


def _ready(run: Run, *, with_speculation: bool) -> Iterable[Trial]:
    taken = {run.log.trials[trial_id].digest for trial_id in run.log.running | run.offered}
    for trial_id in run.log.waiting.in_order():
        trial = run.log.trials[trial_id]
        if trial.digest in taken or (is_speculation(trial) and not with_speculation):
            continue
        taken.add(trial.digest)
        yield trial


def _assignment(run: Run, trial: Trial) -> Json:
    """Return all that reports are answered by: thresholds by epoch, None where nothing stops."""
    task, n_epochs = task_of(run), int(trial.payload["training"]["epochs"])
    is_search = trial.phase is Phase.SEARCH
    limits = (run.log.study_of(trial).limits(trial) or ()) if is_search else ()
    return {
        "stop_above": [limit if math.isfinite(limit) else None for limit in limits],
        "epochs": n_epochs if task.epochs is not None else None,
        "task": task.model_dump(mode="json", include={"kind", "metric", "direction", "lease_s"}),
    }


def withdraw(session: Session, run: Run) -> bool:
    """Withdraw the offers of trials that wait no longer, and of a job that has stopped.

    Before their rows are written: a claim locks the offer first and then the trial, too.

    Returns:
        Whether any was withdrawn while the job goes on: others may take their places.
    """
    waits = run.log.waiting if run.is_active else ()
    gone = {trial_id for trial_id in run.offered if trial_id not in waits}
    trainers.withdraw(session, gone)
    run.offered -= gone
    if gone and run.job.state.is_final:  # no step comes that would hear of a claim since
        for message in trainers.take_messages(session, run.job.id, MOST_MESSAGES):
            if message.kind == MessageKind.CLAIMED and message.attempt_id not in run.live:
                _give_up(session, run, message)
    return bool(gone) and run.is_active


def reason(session: Session, run: Run) -> str | None:
    """Return why no trainer trains; None while one does, or was heard of within its lease."""
    if run.log.running or not run.offered:
        return None
    now, until = shared_clock.now(session), trainers.heard_until(session, run.job.id)
    if trainers.is_waited_for(session, run.job.id, now) or (until is not None and until > now):
        return None
    return NEVER_ASKED if until is None else NO_LONGER_ASKED


# After a restart


def in_hand(session: Session, run: Run) -> Collection[int]:
    """Return the attempts that trainers have in hand, and read the offers before them.

    A claim that comes between the two is in both, and counts as a claim.
    """
    run.offered = trainers.offered(session, run.job.id)
    return trainers.claimed(session, run.job.id).keys()


def resume(session: Session, run: Run) -> None:
    """Leave what trainers claimed in their hands; while nobody served them no lease runs out."""
    if not run.is_external:
        return
    now = shared_clock.now(session)
    until = now + timedelta(seconds=task_of(run).lease_s)
    held_claims.prolong(session, run.live.keys(), until)
    for attempt_id, trial_id in run.live.items():
        trial = run.log.trials[trial_id]
        if trial.state is TrialState.WAITING:  # it was claimed while the log was read
            _start(run, attempt_id, trial, now)
    run.offered -= set(run.live.values())
