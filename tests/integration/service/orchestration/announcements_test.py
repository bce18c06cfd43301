"""The message that a job's best has improved: as REST shows it, and never twice."""

from __future__ import annotations

import json

import pytest

from service.orchestration.step import open_run
from service.records import Job
from service.states import JobState
from service.storage import outbox, studies, trials
from service.storage.database import Database
from tests.support.jobs import function_job, submit, training_job
from tests.support.simulation import Simulation
from tests.support.stored_webhooks import new_webhook, sent_to

BODY = function_job(samplers=["direct_l", "random"], budget={"n_trials": 30})


@pytest.fixture
def announced(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The values of all messages, those that replace one, too."""
    found: list[float] = []
    real = outbox.announce

    def noted(session: object, kind: str, job: Job, more: dict[str, object] | None = None) -> None:
        if kind == outbox.BEST_IMPROVED:
            found.append((more or {})["best"]["value"])  # type: ignore[index]
        real(session, kind, job, more)  # type: ignore[arg-type]

    monkeypatch.setattr(outbox, "announce", noted)
    return found


@pytest.mark.parametrize("n_workers", [1, 5])
def test_the_values_fall_to_the_best_of_the_job(
    sqlite_database: Database, announced: list[float], n_workers: int
) -> None:
    new_webhook(sqlite_database, "one")
    job_id = submit(sqlite_database, BODY)
    simulation = Simulation(sqlite_database, n_workers)
    (run,) = simulation.take()
    assert simulation.run(run).state is JobState.SUCCEEDED
    assert len(announced) > 2
    assert announced == sorted(set(announced), reverse=True)
    with sqlite_database.read() as session:
        found = trials.of_job(session, job_id)
        best = min(one.best_value for one in studies.of_job(session, job_id) if one.best_value)
    assert announced[-1] == best
    assert best == min(t.value for t in found if t.number is not None and t.value is not None)
    kinds = [one.kind for one in reversed(sent_to(sqlite_database, "one"))]
    assert kinds == ["job.started", "job.best_improved", "job.succeeded"]
    (last,) = [one for one in sent_to(sqlite_database, "one") if one.kind == "job.best_improved"]
    assert json.loads(last.body)["data"]["best"]["value"] == best


def test_a_run_that_is_taken_over_repeats_nothing(
    sqlite_database: Database, announced: list[float]
) -> None:
    submit(sqlite_database, BODY)
    simulation = Simulation(sqlite_database, 2)
    (run,) = simulation.take()
    simulation.step(run, [])
    while len(announced) < 2:
        simulation.step(run, [simulation.finish_one()])
    again = open_run(sqlite_database, run.job)
    simulation.hand.clear()
    assert simulation.run(again).state is JobState.SUCCEEDED
    assert announced == sorted(set(announced), reverse=True)
    assert len(announced) > 2


def test_the_first_best_in_full_is_announced_though_its_value_is_higher(
    sqlite_database: Database, announced: list[float]
) -> None:
    """Short trainings and full ones do not compare: the value may rise once."""
    body = training_job(
        samplers=["random"],
        controls=[],
        budget={"n_trials": 4},
        training={"epochs": 4},
        fidelity={"search_fraction": 0.25, "promote": 1},
        evaluation={"n_seeds": 0},
    )
    job_id = submit(sqlite_database, body)
    simulation = Simulation(sqlite_database, 1)
    (run,) = simulation.take()
    assert simulation.run(run).state is JobState.SUCCEEDED
    with sqlite_database.read() as session:
        (study,) = studies.of_job(session, job_id)
    assert announced[-1] == study.best_value
