"""The ends of searches, studies, phases and the job."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from service import clock, devices, states
from service.costs import calibrations
from service.item_losses import ItemLosses
from service.orchestration import centring, evaluation, promotion, study_best
from service.orchestration.run import Run
from service.records import Trial
from service.report import item_scope
from service.report.primary import SeedPlan
from service.states import AttemptState, JobState, Phase, Role, TrialState
from service.storage import item_losses, jobs, split_looks, studies, trials
from service.studies import nesting
from service.studies.noise import Surroundings
from service.studies.payloads import device_of
from service.studies.study_run import StudyRun, best_of
from service.studies.test_splits import split_of


def is_stopped(session: Session, run: Run, study: StudyRun) -> bool:
    """Whether a study's search ends before its trials are spent; notes where, and why."""
    confirmed = study.confirmed
    if study.record.stopped_by in states.LIMITS and study.record.stopped_at is not None:
        # It was stopped before this dispatcher took it, or before its failures were retried.
        found, reason = study.record.stopped_at, study.record.stopped_by
        if len(confirmed) < found and (study.asking_fault is None or _has_open(run, study)):
            return False
        if len(confirmed) < found:  # its sampler cannot be asked for the rest either
            found, reason = len(confirmed), states.ASKING
    elif (below := _below_noise(run, study)) is not None:
        found, reason = below, states.NOISE
    elif (limit := _limit_of(run, study)) is not None:
        found, reason = len(confirmed), limit
    else:
        return False
    study.best = best_of(confirmed[:found])
    fault = (study.asking_fault or study.record.fault) if reason == states.ASKING else None
    study.record = replace(study.record, stopped_at=found, stopped_by=reason, fault=fault)
    studies.change(session, study.record.id, stopped_at=found, stopped_by=reason, fault=fault)
    beyond = [run.log.trials[i] for i in study.log if _is_beyond(run.log.trials[i], found)]
    drop(session, run, beyond)
    return True


def _has_open(run: Run, study: StudyRun) -> bool:
    return any(not run.log.trials[trial_id].state.is_final for trial_id in study.log)


def _limit_of(run: Run, study: StudyRun) -> str | None:
    """Return which limit a study's search has reached, None while it has reached none."""
    if study.record.role not in (Role.SEARCH, Role.TUNED):
        return None
    return states.ASKING if study.asking_fault is not None else run.out_of


def _below_noise(run: Run, study: StudyRun) -> int | None:
    """Return after how many trials a study's boxes have become narrower than the noise."""
    limit = run.spec.budget.stop_below_noise
    if limit is None or not study.is_direct:
        return None
    if study.surroundings is None:
        study.surroundings = Surroundings(limit)
    seen = study.surroundings
    return next((seen.n for t in study.confirmed[seen.n :] if seen.add(t)), None)


def _is_beyond(trial: Trial, stopped_at: int) -> bool:
    return trial.number is not None and trial.number >= stopped_at


def end_search(session: Session, run: Run, study: StudyRun) -> None:
    """End a study's search, and drop its trials that were run ahead and have not ended."""
    study.is_searched, study.unissued = True, ()
    rest = [run.log.trials[trial_id] for trial_id in study.log]
    drop(session, run, [trial for trial in rest if not trial.state.is_final])


def drop(session: Session, run: Run, unneeded: list[Trial]) -> None:
    """Take trials out of their study: open ones are cancelled, results stay for their digest."""
    for trial in unneeded:
        if not trial.state.is_final:
            run.log.set_state(trial.id, TrialState.CANCELLED)
        run.log.change(trial.id, number=None, phase=Phase.SUPERSEDED)
    gone = {trial.id for trial in unneeded}
    given_up = [attempt_id for attempt_id, trial_id in run.live.items() if trial_id in gone]
    for attempt_id in given_up:
        del run.live[attempt_id]
    trials.change_attempts(session, [{"id": i, "state": AttemptState.CANCELLED} for i in given_up])


def finish_study(session: Session, run: Run, study: StudyRun) -> None:
    """Finish a study whose search is over, once its best were trained again.

    One that contains simpler arms is finished after them.
    """
    if not promotion.promote(session, run, study):
        return
    if not study.is_trained:
        study.own, study.is_trained = promotion.best_in_full(run, study), True
        _wake(run)
    simpler = [run.study(name) for name in study.contains]
    if not all(_is_known(run, other) for other in simpler):
        return
    study.final = nesting.chosen(study.own, [other.final for other in simpler])
    study.record = replace(study.record, is_finished=True)
    if study.final is None and run.spec.fidelity is not None:
        # The best of the short trainings was not confirmed by any in full.
        study.record = replace(study.record, best_trial_id=None, best_value=None)
        studies.change(session, study.record.id, best_trial_id=None, best_value=None)
    study_best.update(session, run, study, study.final)
    studies.change(session, study.record.id, is_finished=True)
    study_best.announce(run, study)
    centring.settle(run)
    _wake(run)


def _is_known(run: Run, study: StudyRun) -> bool:
    """Whether a study is finished, and what its density depends on is known, too."""
    return study.record.is_finished and all(run.study(n).is_trained for n in study.waits_for)


def _wake(run: Run) -> None:
    """Mark the studies that may wait for another one to be planned again."""
    for study in run.studies:
        waits = study.waits_for or study.contains or study.centred_on
        study.is_dirty = study.is_dirty or bool(waits)


def finish_phase(session: Session, run: Run) -> bool:
    """Move the job on when all its studies, and then all its evaluations, have ended.

    Returns:
        Whether a further step would move it on at once.
    """
    if not all(study.record.is_finished for study in run.studies):
        return False
    if all(study.record.best_trial_id is None for study in run.studies):
        _move(session, run, JobState.FAILED, error=_failure(run))
        return False
    if run.job.state is JobState.RUNNING and run.spec.evaluation.n_seeds > 0:
        _move(session, run, JobState.EVALUATING)
        return True
    if run.job.state is JobState.EVALUATING and evaluation.issue_missing(session, run):
        return True
    return not run.log.has_open() and _finish_job(session, run)


def _finish_job(session: Session, run: Run) -> bool:
    """End the job once its report is built; return whether the report is what is missing."""
    if run.report is None:
        run.log.flush(session)  # results that were reused in this step
        run.devices = devices.kinds_of(trials.workers_of(session, run.job.id))
        run.items = _items_of(session, run)
        return True
    if not run.is_external:
        calibrations.observe(session, device_of(run.spec), run.log.trials.values())
    _move(session, run, JobState.SUCCEEDED, report=run.report)
    split = split_of(run.spec)
    if split is not None and run.log.n_evaluations > 0:
        split_looks.put(session, run.job.id, split, run.job.finished_at or clock.now())
    return False


def _items_of(session: Session, run: Run) -> dict[str, ItemLosses]:
    """Return the losses of items that the report compares, by the digest of their training."""
    plan = SeedPlan.of(run.spec.evaluation)
    wanted = item_scope.trainings_in_question(run.studies, run.log.trials.values(), plan)
    found = {digest: item_losses.get(session, digest) for digest in wanted}
    return {digest: items for digest, items in found.items() if items is not None}


def _move(session: Session, run: Run, state: JobState, **changes: Any) -> None:
    run.log.flush(session)  # the job's last event comes after those of its trials
    run.job = jobs.set_state(session, run.job.id, state, **changes)


def _failure(run: Run) -> dict[str, Any]:
    if run.out_of is not None:
        detail = f"{states.REASONS[run.out_of]} before any trial gave a value: raise it"
        return {"title": "No trial gave a value", "detail": detail}
    faults = [study.record.fault for study in run.studies if study.record.fault is not None]
    if faults:
        return {"title": "No trial gave a value", "detail": faults[0]}
    errors = [t.error["detail"] for t in run.log.trials.values() if t.error]
    reason = errors[0] if errors else "every training diverged: lower the learning rate"
    # An error's sentence; where it was raised stays with the trial.
    return {"title": "No trial gave a value", "detail": reason.partition("\n\n")[0]}
