"""The ends of searches and of a job."""

from __future__ import annotations

from service.states import JobState
from service.storage import jobs, trials
from service.storage.database import Database
from tests.support.courses import found
from tests.support.jobs import function_job, run_whole, submit
from tests.support.simulation import Simulation, counted_trials, forget


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


def test_a_study_stops_when_its_boxes_are_narrower_than_the_noise(
    sqlite_database: Database,
) -> None:
    body = function_job(
        task={"kind": "function", "name": "sphere", "dimension": 2},
        samplers=["direct_l", "random"],
        budget={"n_trials": 200, "stop_below_noise": 0.05},
    )
    results = []
    for n_workers in (1, 4):
        job_id = run_whole(sqlite_database, body, n_workers=n_workers, seed=n_workers)
        arms, _ = found(sqlite_database, job_id)
        stopped_at = arms["direct_l"].stopped_at
        assert stopped_at is not None
        assert 5 < stopped_at < 200
        assert arms["random"].stopped_at is None
        assert (arms["direct_l"].best_value or 0.0) < 0.1
        rows = counted_trials(sqlite_database, job_id)
        assert len([row for row in rows if row[0] == "direct_l"]) == stopped_at
        results.append(rows)
        forget(sqlite_database, job_id)
    assert results[0] == results[1]
