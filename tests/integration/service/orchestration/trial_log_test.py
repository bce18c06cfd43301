"""The trial log of a run: visible at once in memory, in the database after a flush."""

from __future__ import annotations

import pytest

from service.errors import IllegalTransitionError
from service.orchestration.run import Run
from service.records import Trial
from service.states import Phase, TrialState
from service.storage import events, trials
from service.storage.database import Database
from tests.support.jobs import submit, training_job
from tests.support.report_records import Log
from tests.support.runs import run_of
from tests.support.simulation import Simulation

ONE = training_job(samplers=["random"], controls=["uniform"], budget={"n_trials": 2})


def waiting(run: Run, log: Log, number: int = 0) -> Trial:
    trial = log.trial("random", number, None, state=TrialState.WAITING, training_s=None)
    run.log.add(trial, is_new=True)
    return trial


def test_a_trial_moves_between_waiting_running_and_neither() -> None:
    run, log = run_of()
    trial = waiting(run, log)
    assert (trial.id in run.log.waiting, trial.id in run.log.running) == (True, False)
    run.log.set_state(trial.id, TrialState.RUNNING)
    assert (trial.id in run.log.waiting, trial.id in run.log.running) == (False, True)
    run.log.set_state(trial.id, TrialState.COMPLETED, value=1.0)
    assert not run.log.has_open()
    assert run.log.trials[trial.id].finished_at is not None
    assert run.log.study_of(trial).confirmed == [run.log.trials[trial.id]]


def test_an_illegal_move_changes_nothing() -> None:
    run, log = run_of()
    trial = log.trial("random", 0, 1.0)
    run.log.add(trial, is_new=False)
    with pytest.raises(IllegalTransitionError):
        run.log.set_state(trial.id, TrialState.RUNNING, value=2.0)
    assert run.log.trials[trial.id].state is TrialState.COMPLETED
    assert run.log.trials[trial.id].value == 1.0


def test_a_training_counts_once_and_a_result_of_another_trial_not_at_all() -> None:
    run, log = run_of()
    trained, reused, loaded = waiting(run, log), waiting(run, log, 1), log.trial("random", 2)
    run.log.add(loaded, is_new=False)  # 2 s, by an earlier dispatcher
    run.log.set_state(trained.id, TrialState.RUNNING)
    run.log.set_state(trained.id, TrialState.COMPLETED, value=1.0, training_s=3.0)
    run.log.set_state(trained.id, TrialState.PRUNED)  # by the rule, which decides later
    done = {"value": 1.0, "training_s": 9.0, "cached_from": trained.id}
    run.log.set_state(reused.id, TrialState.COMPLETED, **done)
    assert run.log.trained_s == 2.0 + 3.0


def test_trials_of_an_evaluation_are_counted_and_promotions_belong_to_their_study() -> None:
    run, log = run_of()
    for phase in (Phase.EVALUATION, Phase.EVALUATION, Phase.PROMOTION):
        run.log.add(log.trial("random", None, phase=phase), is_new=False)
    assert run.log.n_evaluations == 2
    assert run.studies[0].promotions == [log.trials[-1].id]
    assert run.studies[0].log == []  # none of them is its sampler's


def test_a_flush_writes_changes_and_events_once(sqlite_database: Database) -> None:
    job_id = submit(sqlite_database, ONE)
    simulation = Simulation(sqlite_database, n_workers=1)
    (run,) = simulation.take()
    simulation.step(run, [])
    trial_id = simulation.hand[0].trial_id
    with sqlite_database.read() as session:
        last = events.last_id(session, job_id)
    run.log.change(trial_id, metrics={"loss": 1.0})
    run.log.change(trial_id, metrics={"loss": 2.0})
    run.log.announce("study", {"name": "random"})
    with sqlite_database.read() as session:
        assert trials.get(session, trial_id).metrics is None
    for _ in range(2):
        with sqlite_database.write() as session:
            run.log.flush(session)
    with sqlite_database.read() as session:
        assert trials.get(session, trial_id).metrics == {"loss": 2.0}
        new = events.after(session, job_id, last, 10)
    assert [(event.kind, event.data) for event in new] == [("study", {"name": "random"})]
