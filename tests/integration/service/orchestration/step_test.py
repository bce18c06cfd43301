"""A whole job through the service: samplers, log, cache, controls, evaluation, report."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest

from service.errors import IllegalTransitionError, LeaseLostError
from service.jobs import commands as use_cases
from service.jobs import leases
from service.orchestration import step
from service.orchestration.messages import Ended, Ending, Measured, Update
from service.orchestration.step import open_run
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


def test_flat_control_has_the_scale_of_the_best_density(database: Database) -> None:
    job_id = run_whole(database, training_job())
    with database.read() as session:
        arms = {arm.name: arm for arm in studies.of_job(session, job_id)}
        by_study = {d.study_id: d for d in densities.of_job(session, job_id)}
    best = min(
        (arm for arm in arms.values() if arm.role == "search"),
        key=lambda arm: (arm.best_value or 0.0, arm.place),
    )
    taps = [tap for row in by_study[best.id].phi for tap in row]
    root_mean_square = (sum(tap * tap for tap in taps) / len(taps)) ** 0.5
    flat = by_study[arms["flat"].id].phi
    assert all(tap == pytest.approx(root_mean_square, rel=1e-12) for row in flat for tap in row)


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


def test_the_same_job_again_trains_nothing(database: Database) -> None:
    first = run_whole(database, training_job())
    second = submit(database, training_job())
    simulation = Simulation(database)
    (run,) = simulation.take()
    simulation.run(run)
    assert simulation.n_trained == 0
    with database.read() as session:
        assert all(t.cached_from is not None for t in trials.of_job(session, second))
    ours, theirs = report_of(database, second), report_of(database, first)
    assert ours["verdict"] == theirs["verdict"]
    assert ours["cost"]["trained"] == 0


def test_nothing_is_trained_twice_within_a_job(sqlite_database: Database) -> None:
    submit(sqlite_database, training_job())
    simulation = Simulation(sqlite_database, n_workers=8)
    (run,) = simulation.take()
    simulation.run(run)
    assert len(simulation.digests) == len(set(simulation.digests))


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


def test_a_trial_whose_worker_dies_is_tried_again(database: Database) -> None:
    job_id = submit(database, function_job(samplers=["random"]))
    simulation = Simulation(database, fails={3, 4})
    (run,) = simulation.take()
    assert simulation.run(run).state is JobState.SUCCEEDED
    with database.read() as session:
        found = trials.of_job(session, job_id)
        log = [a for t in found for a in trials.attempts(session, t.id)]
    assert sum(t.n_attempts for t in found) == 22
    assert sum(a.error == {"detail": "killed"} for a in log) == 2


def test_a_trial_that_always_fails_is_told_as_the_worst_value(sqlite_database: Database) -> None:
    job_id = submit(sqlite_database, function_job(samplers=["direct_l"], budget={"n_trials": 5}))
    simulation = Simulation(sqlite_database, n_workers=1, fails={1, 2, 3})
    (run,) = simulation.take()
    assert simulation.run(run).state is JobState.SUCCEEDED
    with sqlite_database.read() as session:
        failed = trials.page(session, job_id, limit=10, state=TrialState.FAILED)
    assert [t.n_attempts for t in failed] == [3]
    assert failed[0].value is None


def test_a_job_whose_every_trial_fails_is_failed_with_the_reason(
    sqlite_database: Database,
) -> None:
    job_id = submit(sqlite_database, function_job(samplers=["random"], budget={"n_trials": 2}))
    raised = "no such function\n\nTraceback (most recent call last):\n  elsewhere"
    simulation = Simulation(sqlite_database, fails=set(range(100)), reason=raised)
    (run,) = simulation.take()
    assert simulation.run(run).state is JobState.FAILED
    with sqlite_database.read() as session:
        error = jobs.get(session, job_id).error
        tried = trials.of_job(session, job_id)
    assert error is not None
    assert error["detail"] == "no such function"
    assert {str(trial.error and trial.error["detail"]) for trial in tried} == {raised}


def test_a_late_result_is_kept_and_changes_nothing(database: Database) -> None:
    job_id = submit(database, function_job(samplers=["random"]))
    slow = Simulation(database, n_workers=1)
    (run,) = slow.take()
    slow.step(run, [])
    late = slow.finish_one()
    with database.write() as session:  # its lease ran out while it slept
        jobs.release(session, slow.me.id)
    other = Simulation(database, n_workers=1)
    (taken,) = other.take()
    with pytest.raises(LeaseLostError):
        slow.step(run, [late])
    other.step(taken, [late])
    with database.read() as session:
        trial = trials.get(session, late.trial_id)
        log = trials.attempts(session, late.trial_id)
    assert trial.state is TrialState.RUNNING
    assert trial.value is None
    assert [(a.state.value, a.is_late, a.value) for a in log] == [
        ("LOST", True, late.value),
        ("RUNNING", False, None),
    ]
    assert other.run(taken).state is JobState.SUCCEEDED
    with database.read() as session:
        assert len(trials.page(session, job_id, limit=100)) == 20


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


def test_measurements_of_a_lost_attempt_are_measured_again(database: Database) -> None:
    job_id = submit(database, function_job(samplers=["random"]))
    simulation = Simulation(database, n_workers=1)
    (run,) = simulation.take()
    simulation.step(run, [])
    (assignment,) = simulation.hand
    measured = Measured(assignment.attempt_id, assignment.trial_id, 1, {"loss": 2.0}, 0.1)
    simulation.step(run, [measured])
    with database.write() as session:
        assert len(trials.measurements(session, assignment.trial_id)) == 1
        jobs.release(session, simulation.me.id)
    (job,) = leases.claim(database, Simulation(database).me, 60.0)
    open_run(database, job)
    with database.read() as session:
        assert trials.measurements(session, assignment.trial_id) == []
        assert trials.get(session, assignment.trial_id).state is TrialState.WAITING
    assert job.id == job_id


def test_a_diverged_training_is_a_result(sqlite_database: Database) -> None:
    job_id = submit(
        sqlite_database,
        function_job(samplers=["direct_l"], budget={"n_trials": 5}, diverged_value=1000.0),
    )
    simulation = Simulation(sqlite_database, n_workers=1)
    (run,) = simulation.take()
    simulation.step(run, [])
    (first,) = simulation.hand
    simulation.hand.clear()
    simulation.step(run, [Ended(first.attempt_id, first.trial_id, Ending.DIVERGED)])
    simulation.run(run)
    with sqlite_database.read() as session:
        trial = trials.get(session, first.trial_id)
        assert (trial.state, trial.is_diverged, trial.value) == (
            TrialState.COMPLETED,
            True,
            1000.0,
        )
        assert jobs.get(session, job_id).state is JobState.SUCCEEDED


def test_arms_that_share_a_training_share_its_artifact(sqlite_database: Database) -> None:
    body = training_job(
        samplers=["random"],
        budget={"n_trials": 1},
        controls=["uniform", {"name": "flat", "factor": 1.0}],  # the same density by two names
    )
    job_id = submit(sqlite_database, body)
    simulation = Simulation(sqlite_database, n_workers=1)
    (run,) = simulation.take()
    kept: list[int] = []
    updates: list[Update] = []
    while not run.job.state.is_final:
        simulation.step(run, updates)
        updates = []
        if simulation.hand:
            keeps_weights = simulation.hand[0].keeps_weights
            ended = simulation.finish_one()
            if keeps_weights:
                kept.append(ended.trial_id)
                ended = replace(ended, weights=(f"artifacts/{ended.trial_id}", 1, "0" * 64))
            updates = [ended]
    with sqlite_database.read() as session:
        found = {a.name: a.path for a in densities.artifacts(session, job_id)}
    assert len(kept) == 2
    assert found.keys() == {"random.safetensors", "uniform.safetensors", "flat.safetensors"}
    assert found["flat.safetensors"] == found["uniform.safetensors"]


def test_a_trial_that_succeeds_at_last_shows_no_error(sqlite_database: Database) -> None:
    job_id = submit(sqlite_database, function_job(samplers=["random"], budget={"n_trials": 3}))
    simulation = Simulation(sqlite_database, n_workers=1, fails={1})
    (run,) = simulation.take()
    simulation.step(run, [])
    simulation.step(run, [simulation.finish_one()])
    with sqlite_database.read() as session:
        (tried,) = [t for t in trials.of_job(session, job_id) if t.error]
    assert tried.error == {"detail": "killed"}
    simulation.run(run)
    with sqlite_database.read() as session:
        assert [t.error for t in trials.of_job(session, job_id)] == [None] * 3


def test_a_commit_whose_answer_was_lost_is_made_once(database: Database) -> None:
    job_id = submit(database, training_job(samplers=["random"], budget={"n_trials": 2}))
    simulation = Simulation(database, n_workers=2)
    (run,) = simulation.take()
    simulation.step(run, [])
    first, second = simulation.hand
    said: list[Update] = [
        Measured(a.attempt_id, a.trial_id, 1, {"loss": 2.0}, 0.1) for a in simulation.hand
    ]
    said.append(Ended(first.attempt_id, first.trial_id, Ending.COMPLETED, value=3.0))
    with database.write() as session:
        step.take(session, run, said, 0)
    # The dispatcher was told of an error, though the database has it all: it begins anew.
    with database.read() as session:
        job = jobs.get(session, job_id)
    again = open_run(database, job, in_hand={first.attempt_id, second.attempt_id})
    with database.write() as session:
        step.take(session, again, said, 0)
    with database.read() as session:
        (attempt,) = trials.attempts(session, first.trial_id)
        assert (attempt.state.value, attempt.is_late) == ("COMPLETED", False)
        assert len(trials.measurements(session, second.trial_id)) == 1


def test_a_try_that_was_cancelled_is_no_failure(sqlite_database: Database) -> None:
    submit(sqlite_database, function_job(samplers=["random"], budget={"n_trials": 3}))
    simulation = Simulation(sqlite_database, n_workers=1)
    (run,) = simulation.take()
    simulation.step(run, [])
    assignment = simulation.hand.pop()
    simulation.step(run, [Ended(assignment.attempt_id, assignment.trial_id, Ending.CANCELLED)])
    assert simulation.run(run).state is JobState.SUCCEEDED
    with sqlite_database.read() as session:
        trial = trials.get(session, assignment.trial_id)
        log = trials.attempts(session, trial.id)
    assert trial.state is TrialState.COMPLETED
    assert [a.state.value for a in log] == ["CANCELLED", "COMPLETED"]
