"""What becomes of a trial when its attempt ends, is lost, comes late or comes twice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from service.errors import LeaseLostError
from service.item_losses import ItemLosses
from service.jobs import leases
from service.orchestration import step
from service.orchestration.messages import Ended, Ending, Measured, Update
from service.orchestration.step import open_run
from service.states import JobState, Phase, TrialState
from service.storage import item_losses, jobs, trials
from service.storage.database import Database
from tests.support.jobs import function_job, submit, training_job
from tests.support.simulation import Simulation


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
    # The dispatcher was told of an error, though the database has it all: it starts again.
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


def with_items(ended: Ended) -> Ended:
    """Return an end with the losses of three items, whose mean is its value."""
    losses = (ended.value or 0.0) + np.array([-0.5, 0.0, 0.5])
    return replace(ended, items=ItemLosses.of(losses, None))


class Judging(Simulation):
    """A simulation whose workers send losses of items with every end."""

    def finish_one(self) -> Ended:
        return with_items(super().finish_one())


def test_losses_of_items_are_kept_of_final_trainings_alone(database: Database) -> None:
    spec = training_job(evaluation={"n_seeds": 2})
    job_id, again = (submit(database, spec | {"name": name}) for name in ("a", "b"))
    simulation = Judging(database)
    for run in simulation.take():
        assert simulation.run(run).state is JobState.SUCCEEDED
    with database.read() as session:
        found = trials.of_job(session, job_id)
        kept = item_losses.counts(session, [trial.digest for trial in found])
        judged = {t.digest: t.value for t in found if t.phase is Phase.EVALUATION}
        assert kept == dict.fromkeys(judged, 3)
        for digest, value in judged.items():
            items = item_losses.get(session, digest)
            assert items is not None
            assert items.losses is not None
            assert float(items.losses.mean()) == pytest.approx(value)
        # The other job has trained none of its own, and has those of its source.
        reused = [t for t in trials.of_job(session, again) if t.phase is Phase.EVALUATION]
        assert all(trial.cached_from for trial in reused)
        assert item_losses.counts(session, [t.digest for t in reused]) == kept
