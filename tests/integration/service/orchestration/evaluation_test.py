"""The evaluation: the best of each study with fresh seeds on the test split."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from service.jobs import leases
from service.orchestration import issue
from service.orchestration.messages import Assignment, Ended, Update
from service.states import JobState
from service.storage import jobs
from service.storage.database import Database
from tests.support import simulation
from tests.support.jobs import run_whole, submit, training_job
from tests.support.simulation import Simulation, counted_trials, forget


def test_evaluations_that_were_issued_in_part_are_completed_by_the_next_dispatcher(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issue, "MOST_AT_ONCE", 1)
    body = training_job(samplers=["random"])
    whole = run_whole(sqlite_database, body)
    expected = counted_trials(sqlite_database, whole)
    forget(sqlite_database, whole)
    job_id = submit(sqlite_database, body)
    first = Simulation(sqlite_database)
    (run,) = first.take()
    while run.log.n_evaluations < 2:
        first.step(run, [first.finish_one()] if first.hand else [])
    leases.resign(sqlite_database, first.me)
    second = Simulation(sqlite_database)
    (run,) = second.take()
    assert run.log.n_evaluations == 2
    assert second.run(run).state is JobState.SUCCEEDED
    assert counted_trials(sqlite_database, job_id) == expected


TUNED = training_job(
    samplers=["random"],
    controls=["uniform", "uniform_tuned", "density_tuned"],
    budget={"n_trials": 3},
    evaluation={"looks": [3, 6, 9]},
)


@pytest.fixture
def luck(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let losses on the test split be luck alone, of the seed and the candidate together."""
    known = simulation.trained

    def use(spread: float) -> None:
        def trained(assignment: Assignment) -> Ended:
            ended, payload = known(assignment), assignment.payload
            if payload.get("split") != "test":
                return ended
            drawn = random.Random(assignment.digest).gauss(0.0, spread)
            value = math.exp(drawn)
            return replace(ended, value=value, metrics={"loss": value})

        monkeypatch.setattr(simulation, "trained", trained)

    return use


def looks_of(database: Database, job_id: int) -> list[tuple[int, str]]:
    with database.read() as session:
        report = jobs.get(session, job_id).report
    assert report is not None
    return [(look["n_seeds"], look["outcome"]) for look in report["answer"]["looks"]]


def n_evaluations(database: Database, job_id: int) -> int:
    return sum(phase == "evaluation" for _, phase, *_ in counted_trials(database, job_id))


def test_seeds_are_trained_until_the_question_is_decided(
    sqlite_database: Database, luck: Callable[[float], None]
) -> None:
    luck(0.001)
    clear = run_whole(sqlite_database, TUNED)
    assert looks_of(sqlite_database, clear) == [(3, "no difference")]
    assert n_evaluations(sqlite_database, clear) == 3 * 4


def test_the_last_look_ends_what_stays_open(
    sqlite_database: Database, luck: Callable[[float], None]
) -> None:
    luck(0.5)
    job_id = run_whole(sqlite_database, TUNED)
    found = looks_of(sqlite_database, job_id)
    assert [n for n, _ in found] == [3, 6, 9]
    assert found[-1][1] == "not decided"
    assert n_evaluations(sqlite_database, job_id) == 9 * 4


@pytest.mark.parametrize("spread", [0.001, 0.02, 0.5])
def test_workers_order_and_a_death_between_looks_change_nothing(
    sqlite_database: Database, luck: Callable[[float], None], spread: float
) -> None:
    luck(spread)
    whole = run_whole(sqlite_database, TUNED, n_workers=1)
    expected = counted_trials(sqlite_database, whole)
    looks = looks_of(sqlite_database, whole)
    forget(sqlite_database, whole)
    for seed, n_workers in ((1, 2), (2, 7)):
        job_id = run_whole(sqlite_database, TUNED, n_workers=n_workers, seed=seed)
        assert counted_trials(sqlite_database, job_id) == expected
        assert looks_of(sqlite_database, job_id) == looks
        forget(sqlite_database, job_id)
    job_id = submit(sqlite_database, TUNED)
    state, seed = JobState.QUEUED, 10
    while not state.is_final:  # a dispatcher dies after every fifth training
        seed += 1
        mortal = Simulation(sqlite_database, 3, seed)
        (run,) = mortal.take()
        updates: list[Update] = []
        while mortal.n_trained < 5 and not run.job.state.is_final:
            mortal.step(run, updates)
            updates = [mortal.finish_one()] if mortal.hand else []
        state = run.job.state
        leases.resign(sqlite_database, mortal.me)
    assert counted_trials(sqlite_database, job_id) == expected
    assert looks_of(sqlite_database, job_id) == looks
