"""Issued trials: those with a known result take it, and large numbers take several steps."""

from __future__ import annotations

import pytest

from service.jobs import leases
from service.orchestration import ask, issue
from service.states import JobState
from service.storage import trials
from service.storage.database import Database
from tests.support.jobs import run_whole, submit, training_job
from tests.support.simulation import Simulation, counted_trials, forget, report_of


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


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_trained_twice_within_a_job(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Also where a trial is issued in the step in which its training's result arrives."""
    monkeypatch.setattr(ask, "LONGEST_S", 0.0)  # a study a step, as on a slow machine
    submit(sqlite_database, training_job())
    simulation = Simulation(sqlite_database, n_workers=8, seed=seed)
    (run,) = simulation.take()
    simulation.run(run)
    assert len(simulation.digests) == len(set(simulation.digests))


def test_promotions_that_were_issued_in_part_are_completed_by_the_next_dispatcher(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = training_job(
        samplers=["random"],
        training={"epochs": 4},
        budget={"n_trials": 12},
        fidelity={"search_fraction": 0.5, "promote": 8},
    )
    whole = run_whole(sqlite_database, body)
    expected = counted_trials(sqlite_database, whole)
    forget(sqlite_database, whole)
    monkeypatch.setattr(issue, "MOST_AT_ONCE", 3)
    monkeypatch.setattr(ask, "LONGEST_S", 0.0)
    job_id = submit(sqlite_database, body)
    first = Simulation(sqlite_database)
    (run,) = first.take()
    study = run.studies[0]
    while not study.promotions:
        first.step(run, [first.finish_one()] if first.hand else [])
    assert len(study.promotions) == 3
    leases.resign(sqlite_database, first.me)
    second = Simulation(sqlite_database)
    (run,) = second.take()
    assert second.run(run).state is JobState.SUCCEEDED
    assert counted_trials(sqlite_database, job_id) == expected
