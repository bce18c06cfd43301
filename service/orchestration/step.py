"""A step of a run: what happens in one write transaction, in its order.

A step knows no Ray: it turns the workers' updates into changes of the database, and answers what
to start next. The caller commits; after a failure the run is discarded and opened again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from service import samplers
from service.costs.prices import UNPRICED, Prices
from service.errors import InvalidSpecError
from service.jobs.commands import resolved_of
from service.orchestration import (
    announcements,
    ask,
    centring,
    completion,
    evaluation,
    offers,
    pack_width,
    placement,
    promotion,
    results,
)
from service.orchestration.messages import Assignment, Update, packs_of
from service.orchestration.placement import Placement
from service.orchestration.run import Run
from service.records import Job, Trial
from service.report import build_report
from service.samplers import MakeAsker
from service.states import JobState
from service.storage import jobs, studies, trials
from service.storage.database import Database
from service.studies import looks, payloads, study_run
from service.studies.study_run import StudyRun


def prepare(run: Run) -> None:
    """Prepare the next step: the work that takes too long for its transaction."""
    if run.job.state is JobState.EVALUATING and run.spec.evaluation.looks:
        looks.level_of(run.spec.evaluation.looks)  # simulated once, then kept
    if run.devices is not None and run.report is None:
        known = run.log.trials.values()
        run.report = build_report(run.resolved, run.studies, known, run.devices, run.items)
        run.items = {}


def take(
    session: Session,
    run: Run,
    updates: Sequence[Update],
    n_free: int,
    busy: Collection[str] = (),
    *,
    may_speculate: bool = True,
) -> list[Assignment]:
    """Record what happened and choose what to run next; `run.needs` has the rest of the answer.

    `prepare` comes first, outside the transaction.

    Args:
        session: A write transaction, committed by the caller if this returns.
        run: Whose step.
        updates: What the workers reported since the last step, in order of arrival.
        n_free: How many workers are free.
        busy: Digests that are being trained for other jobs: theirs are not started twice.
        may_speculate: Whether workers that are left over would idle.

    Returns:
        Assignments for at most `n_free` workers, those of one worker with the same `pack`; their
        attempts are stored.

    Raises:
        LeaseLostError: Another dispatcher holds the job; nothing was changed.
    """
    run.job = jobs.lock_leased(session, run.job)
    if run.job.state is JobState.QUEUED:
        run.job = jobs.set_state(session, run.job.id, JobState.RUNNING)
    if run.is_external:
        updates = [*updates, *offers.hear(session, run)]
    before = announcements.leading(run)
    results.record(session, run, updates)
    has_withdrawn = bool(updates) and run.is_external and offers.withdraw(session, run)
    if updates:
        run.log.flush(session)  # a trial that is issued now finds these results
    is_unsized = run.is_active and not pack_width.settle(session, run)
    assignments: list[Assignment] = []
    has_more = False
    if run.is_active and not is_unsized:
        _check_limits(session, run)
        has_more = ask.advance(session, run)
        n_ready = 0 if _is_issuing(run) else n_free
        placed = _place(session, run, n_ready, busy, may_speculate=may_speculate)
        assignments = [a for each in placed for a in each.assignments]
        has_reused = any(each.has_reused for each in placed)
        has_moved = completion.finish_phase(session, run)
        has_more = has_more or has_reused or has_moved
    if run.is_external:
        has_more = offers.withdraw(session, run) or has_withdrawn or has_more
    run.log.flush(session)
    announcements.announce_best(session, run, before)
    run.assess(has_more=has_more, is_unsized=is_unsized)
    return assignments


def _check_limits(session: Session, run: Run) -> None:
    """Mark the studies to be planned again when a time or cost limit is exceeded."""
    if run.spec.budget.wall_clock_s is not None:
        worked_s, since = jobs.time_at_work(session, run.job.id)
        run.job = replace(run.job, worked_s=worked_s, working_since=since)
    if run.out_of is None and (limit := run.exceeded_limit()) is not None:
        run.out_of = limit
        for study in run.studies:
            study.is_dirty = True


def _is_issuing(run: Run) -> bool:
    """Whether further trials are known but not issued yet: packs wait for all of them."""
    if run.pack_width == 1:
        return False
    return any(study.unissued for study in run.studies) or evaluation.n_missing(run) > 0


def _place(
    session: Session, run: Run, n_ready: int, busy: Collection[str], *, may_speculate: bool
) -> list[Placement]:
    """Start the trials that are needed, then points ahead of need on workers that would idle."""
    if run.is_external:
        offers.place(session, run)
        return []
    placed = [placement.place(session, run, n_ready, busy)]
    n_idle = n_ready - len(packs_of(placed[0].assignments))
    if may_speculate and n_idle > 0 and run.may_guess:
        run.has_guesses = ask.speculate(session, run, n_idle)
        placed.append(placement.place(session, run, n_idle, busy, with_speculation=True))
    return placed


def _final_of(run: Run, study: StudyRun) -> Trial | None:
    """Return the trial that a finished study is judged by, with the value it was chosen by."""
    best = run.log.trials.get(study.record.best_trial_id or 0)
    return replace(best, value=study.record.best_value) if best is not None else None


def open_run(
    database: Database,
    job: Job,
    *,
    max_attempts: int = 3,
    in_hand: Collection[int] = (),
    prices: Prices = UNPRICED,
    make: MakeAsker = samplers.create,
    is_patient: bool = False,
) -> Run:
    """Build a run from the log of a job whose lease was claimed.

    Trials that were running go back to WAITING, unless their attempt is in `in_hand` (ids of
    attempts that this dispatcher's workers are still at). `make` makes the studies' samplers.
    `is_patient` lifts the database's limits (`Database.write`).

    Raises:
        LeaseLostError: Another dispatcher holds the job by now.
        InvalidSpecError: Its budget is in money and what it uses has no price here.
        OtherVersionError: It was begun by other versions of what trains.
    """
    resolved = resolved_of(job)
    if faults := list(prices.faults(resolved.spec)):
        raise InvalidSpecError(faults)
    # Read outside the write transaction: it takes seconds, and only the lease's owner writes here.
    with database.read(is_patient=is_patient) as session:
        payloads.require_same_code(resolved, trials.first_of_job(session, job.id))
        found = study_run.open_studies(resolved, studies.of_job(session, job.id), make)
        run = Run(job, resolved, found, max_attempts, prices)
        for trial in trials.each_of_job(session, job.id):
            run.log.add(trial, is_new=False)
        for study in found:
            if study.record.is_finished:
                study.final = _final_of(run, study)
                is_own = study.record.chosen_from is None
                study.own = study.final if is_own else promotion.best_in_full(run, study)
        centring.settle(run)
    with database.write(is_patient=is_patient) as session:
        # It may have been cancelled since the claim.
        if run.is_external:
            in_hand = offers.in_hand(session, run)
        if not jobs.lock_leased(session, job).state.is_final:
            results.recover(session, run, in_hand)
            offers.resume(session, run)
        run.log.flush(session)
    run.assess()
    return run
