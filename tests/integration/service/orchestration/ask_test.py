"""Asking the samplers: in limited parts, which change no result."""

from __future__ import annotations

import pytest

from service.orchestration import ask, issue
from service.states import Phase, TrialState
from service.storage.database import Database
from tests.support.courses import found
from tests.support.jobs import function_job, run_whole, submit, training_job
from tests.support.simulation import Simulation, counted_trials, forget


def test_what_is_left_to_later_steps_changes_nothing(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = training_job(samplers=["random", "direct_l", "cmaes"])
    whole = run_whole(sqlite_database, body)
    expected = counted_trials(sqlite_database, whole)
    forget(sqlite_database, whole)
    monkeypatch.setattr(ask, "LONGEST_S", 0.0)
    monkeypatch.setattr(ask, "MAX_TRIALS", 0)
    monkeypatch.setattr(issue, "MOST_AT_ONCE", 3)
    again = run_whole(sqlite_database, body, n_workers=3, seed=4)
    assert counted_trials(sqlite_database, again) == expected


def test_a_large_round_is_issued_over_several_steps(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask, "LONGEST_S", 3600.0)  # by number alone
    body = function_job(samplers=[{"name": "cmaes", "batch_size": 450}], budget={"n_trials": 450})
    submit(sqlite_database, body)
    simulation = Simulation(sqlite_database)
    (run,) = simulation.take()
    found: list[int] = []
    while not found or run.needs.has_more:
        simulation.step(run, [])
        found.append(len(run.log.trials))
    assert found == [200, 400, 450]


def test_the_time_of_a_step_is_looked_at_within_a_round(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask, "LONGEST_S", 0.0)
    body = function_job(samplers=[{"name": "cmaes", "batch_size": 60}], budget={"n_trials": 60})
    submit(sqlite_database, body)
    simulation = Simulation(sqlite_database)
    (run,) = simulation.take()
    simulation.step(run, [])
    assert (len(run.log.trials), run.needs.has_more) == (ask.AT_ONCE, True)


def test_speculation_is_extra_and_never_counts(database: Database) -> None:
    body = function_job(samplers=["direct_l"], budget={"n_trials": 40})
    job_id = submit(database, body)
    simulation = Simulation(database, n_workers=16, seed=5)
    (run,) = simulation.take()
    simulation.run(run)
    _, every = found(database, job_id)
    extra = [t for t in every if t.number is None]
    hits = [t for t in every if t.number is not None and t.certainty != "certain"]
    assert sorted(t.number for t in every if t.number is not None) == list(range(40))
    assert hits
    assert {t.certainty for t in extra + hits} <= {"conditional", "predicted"}
    # What was not done when the search ended was given up.
    assert all(t.state.is_final for t in extra)
    assert all(t.phase is Phase.SUPERSEDED for t in extra if t.state is TrialState.CANCELLED)


def test_speculation_can_be_turned_off(sqlite_database: Database) -> None:
    sampler = {"name": "direct_l", "options": {"max_extra": 0}}
    job_id = submit(sqlite_database, function_job(samplers=[sampler]))
    simulation = Simulation(sqlite_database, n_workers=16)
    (run,) = simulation.take()
    simulation.run(run)
    _, every = found(sqlite_database, job_id)
    assert {t.certainty for t in every} == {"certain"}
    assert len(every) == 20
