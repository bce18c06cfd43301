"""A whole job through the service: samplers, log, cache, controls, evaluation, report."""

from __future__ import annotations

import itertools
import random

import pytest

from service.errors import IllegalTransitionError
from service.jobs import commands as use_cases
from service.orchestration.messages import Ended
from service.states import JobState, Phase, TrialState
from service.storage import densities, jobs, studies, trials
from service.storage.database import Database
from tests.support.jobs import function_job, run_whole, submit, training_job
from tests.support.simulation import Simulation, counted_trials, forget, report_of


def test_a_training_job_issues_exactly_its_budget_and_reports_every_arm(
    database: Database,
) -> None:
    job_id = run_whole(database, training_job())
    with database.read() as session:
        found = trials.of_job(session, job_id)
        arms = studies.of_job(session, job_id)
        stored = densities.of_job(session, job_id)
        evaluations = densities.evaluations(session, job_id)
    searched = [t for t in found if t.phase is Phase.SEARCH]
    for arm in arms:
        numbers = {t.number for t in searched if t.study_id == arm.id}
        assert numbers == set(range(9 if arm.role == "search" else 1))
    assert all(t.state is TrialState.COMPLETED for t in found)
    assert len(evaluations) == 7 * 2
    assert {d.study_id for d in stored} == {arm.id for arm in arms}
    report = report_of(database, job_id)
    assert [arm["name"] for arm in report["arms"]] == [arm.name for arm in arms]
    assert report["verdict"]


def test_a_dispatcher_that_dies_at_any_step_changes_nothing(sqlite_database: Database) -> None:
    quiet = sqlite_database
    expected_id = run_whole(quiet, function_job())
    expected = counted_trials(quiet, expected_id)
    forget(quiet, expected_id)
    job_id = submit(quiet, function_job())
    chance = random.Random(7)
    for life in itertools.count():
        simulation = Simulation(quiet, n_workers=3, seed=life)
        with quiet.write() as session:  # the last dispatcher fell silent
            jobs.release(session, "nobody")
            row = jobs.get(session, job_id)
            if row.lease_owner is not None:
                jobs.release(session, row.lease_owner)
        (run,) = simulation.take()
        updates: list[Ended] = []
        for _ in range(chance.randrange(1, 9)):
            simulation.step(run, list(updates))
            updates = [simulation.finish_one()] if simulation.hand else []
            if run.job.state.is_final:
                break
        if run.job.state.is_final:
            break
    assert life > 3
    assert counted_trials(quiet, job_id) == expected


def test_workers_do_not_idle_behind_trainings_of_another_dispatcher(database: Database) -> None:
    submit(database, function_job(samplers=["random"], budget={"n_trials": 2}))
    theirs = Simulation(database, n_workers=2)
    (their_run,) = theirs.take()
    theirs.step(their_run, [])
    job_id = submit(database, function_job(samplers=["random"], budget={"n_trials": 5}))
    ours = Simulation(database, n_workers=2)
    (run,) = ours.take()
    ours.step(run, [])  # its first two trials are in training elsewhere
    assert len(ours.hand) == 2
    assert not {a.digest for a in ours.hand} & {a.digest for a in theirs.hand}
    theirs.run(their_run)
    assert ours.run(run).state is JobState.SUCCEEDED
    assert ours.n_trained == 3
    with database.read() as session:
        cached = [t.number for t in trials.of_job(session, job_id) if t.cached_from]
    assert cached == [0, 1]


def test_pause_starts_nothing_and_resume_goes_on(database: Database) -> None:
    job_id = submit(database, function_job())
    simulation = Simulation(database, n_workers=2)
    (run,) = simulation.take()
    simulation.step(run, [])
    use_cases.pause(database, job_id)
    simulation.step(run, [simulation.finish_one()])
    assert len(simulation.hand) == 1
    assert run.job.state is JobState.PAUSED
    use_cases.resume(database, job_id)
    assert simulation.run(run).state is JobState.SUCCEEDED
    with pytest.raises(IllegalTransitionError):
        use_cases.pause(database, job_id)


def test_cancel_ends_every_open_trial_at_once(database: Database) -> None:
    job_id = submit(database, function_job())
    simulation = Simulation(database, n_workers=2)
    (run,) = simulation.take()
    simulation.step(run, [])
    assert use_cases.cancel(database, job_id).state is JobState.CANCELLED
    simulation.step(run, [simulation.finish_one()])
    with database.read() as session:
        states = {t.state for t in trials.of_job(session, job_id)}
        late = [a for t in trials.of_job(session, job_id) for a in trials.attempts(session, t.id)]
    assert states == {TrialState.CANCELLED}
    assert sorted(a.is_late for a in late) == [False, True]
    assert not simulation.take()
