"""Which waiting trials start next, each training once in the whole database."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice

from sqlalchemy.orm import Session

from service import clock
from service.orchestration import artifacts, deaths, promotion, trial_end
from service.orchestration.messages import Assignment
from service.orchestration.pack_members import Packing
from service.orchestration.run import Run
from service.records import Trial
from service.states import Phase, TrialState
from service.storage import trials
from service.studies import payloads
from service.studies.study_run import is_speculation


@dataclass(frozen=True, slots=True)
class Placement:
    """The result of placing the trials that waited.

    Attributes:
        assignments: The trials that start.
        has_reused: Whether others took a result of another job: their studies must be asked again.
    """

    assignments: list[Assignment]
    has_reused: bool = False


def place(
    session: Session,
    run: Run,
    n_free: int,
    busy: Collection[str],
    *,
    with_speculation: bool = False,
) -> Placement:
    """Start waiting trials on at most `n_free` workers.

    The studies advance together, by the part of their budget that is issued: otherwise a study
    that must wait for values would end long after one that can issue its whole budget at once.

    Args:
        session: A write transaction.
        run: Whose trials.
        n_free: Workers that are free; each takes one trial, or one pack of them.
        busy: Digests in training for other jobs.
        with_speculation: Whether trials that were run ahead of need may start, too.
    """
    if n_free <= 0:
        return Placement([])
    in_hand = {run.log.trials[trial_id].digest for trial_id in run.log.running} | set(busy)
    waiting = (run.log.trials[trial_id] for trial_id in run.log.waiting.in_order())
    ready = (
        trial
        for trial in waiting
        if trial.digest not in in_hand and (with_speculation or not is_speculation(trial))
    )
    size = n_free * run.pack_width  # more cannot start
    found = list(islice(ready, size))
    chosen = Packing(n_free, run.pack_width, len(found))
    taken: set[str] = set()
    has_reused = False
    while found and chosen.has_room:
        has_reused |= _choose(session, run, found, chosen, taken)
        size *= 2  # further only past trials that other jobs have or train
        found = list(islice(ready, size))
    return Placement(_start(session, run, chosen.packs), has_reused)


def _choose(
    session: Session, run: Run, ready: Sequence[Trial], chosen: Packing, taken: set[str]
) -> bool:
    """Add to `chosen` the trials that no other job has completed or trains, each digest once.

    Returns:
        Whether a trial took the result of another job.
    """
    has_reused = False
    elsewhere = trials.elsewhere(session, run.job.id, [t.digest for t in ready])
    for trial in ready:
        known = elsewhere.get(trial.digest)
        if known is not None and known.state is TrialState.COMPLETED:
            trial_end.complete_from(session, run, trial, known)
            has_reused = True
        elif known is None and trial.digest not in taken and chosen.add(trial):
            taken.add(trial.digest)
    return has_reused


def _start(session: Session, run: Run, packs: Sequence[Sequence[Trial]]) -> list[Assignment]:
    now = clock.now()
    rows = [
        {
            "job_id": run.job.id,
            "trial_id": trial.id,
            "number": trial.n_attempts + 1,
            "dispatcher": run.job.lease_owner,
            "started_at": now,
        }
        for pack in packs
        for trial in pack
    ]
    attempt_ids = iter(trials.insert_attempts(session, rows))
    assignments = []
    for pack in packs:
        own = [(trial, next(attempt_ids)) for trial in pack]
        first = own[0][1]
        for trial, attempt_id in own:
            run.live[attempt_id] = trial.id
            n_attempts = trial.n_attempts + 1
            run.log.set_state(trial.id, TrialState.RUNNING, started_at=now, n_attempts=n_attempts)
            assignments.append(_assignment(run, trial, attempt_id, first))
        if len(own) > 1:
            run.shared.update(attempt_id for _, attempt_id in own)
    return assignments


def _assignment(run: Run, trial: Trial, attempt_id: int, pack: int) -> Assignment:
    is_search, study = trial.phase is Phase.SEARCH, run.log.study_of(trial)
    return Assignment(
        attempt_id=attempt_id,
        trial_id=trial.id,
        job_id=run.job.id,
        digest=trial.digest,
        payload=trial.payload,
        device=payloads.device_of(run.spec),
        keeps_weights=artifacts.keeps_weights(run.resolved, trial),
        stop_above=(study.limits(trial) or ()) if is_search else (),
        rung=study.rung_of(trial) if is_search else None,
        pack=pack,
        is_alone=deaths.is_isolated(trial.error, run.max_attempts),
        keeps_end=promotion.may_be_continued(run.resolved, trial),
    )
