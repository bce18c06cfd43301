"""Jobs that are continued beyond their planned looks."""

from __future__ import annotations

from typing import Any

import pytest

from service.errors import IllegalTransitionError, InvalidSpecError
from service.jobs import commands, more_seeds
from service.states import JobState, Phase
from service.storage import jobs, trials
from service.storage.database import Database
from service.validation import parse
from tests.support.jobs import function_job, run_whole, submit, training_job
from tests.support.simulation import Simulation, report_of

BODY = training_job(
    samplers=["random"], controls=["uniform"], budget={"n_trials": 2},
    evaluation={"looks": [2, 3]},
)  # fmt: skip


def continued(database: Database, job_id: int, n_seeds: int, n_workers: int = 2) -> Simulation:
    assert more_seeds.continue_evaluation(database, job_id, n_seeds).state is JobState.QUEUED
    simulation = Simulation(database, n_workers)
    (run,) = simulation.take()
    assert simulation.run(run).state is JobState.SUCCEEDED
    return simulation


def n_evaluations(database: Database, job_id: int) -> int:
    with database.read() as session:
        return sum(t.phase is Phase.EVALUATION for t in trials.of_job(session, job_id))


def figures_of(database: Database, job_id: int) -> dict[str, Any]:
    answer: dict[str, Any] = report_of(database, job_id)["answer"]
    return answer


def test_a_continued_job_trains_its_new_seeds_alone(database: Database) -> None:
    job_id = run_whole(database, BODY)
    before = figures_of(database, job_id)
    n_before = n_evaluations(database, job_id)
    simulation = continued(database, job_id, 6)
    assert n_evaluations(database, job_id) == 12  # of two arms
    assert simulation.n_trained == 12 - n_before
    after = figures_of(database, job_id)
    assert {k: v for k, v in after.items() if k not in ("continued", "metrics")} == {
        k: v for k, v in before.items() if k not in ("continued", "metrics")
    }
    assert after["continued"]["n"] == after["continued"]["n_seeds"] == 6
    findings = report_of(database, job_id)["findings"]
    assert any(words.startswith("Continued unplanned from") for words in findings)


def test_the_result_depends_neither_on_workers_nor_on_the_steps_to_it(
    sqlite_database: Database,
) -> None:
    found = []
    for steps, n_workers in (((6,), 1), ((6,), 3), ((4, 5, 6), 2)):
        job_id = run_whole(sqlite_database, BODY, n_workers=n_workers, seed=n_workers)
        for n_seeds in steps:
            continued(sqlite_database, job_id, n_seeds, n_workers)
        assert n_evaluations(sqlite_database, job_id) == 12
        found.append(figures_of(sqlite_database, job_id))
    assert found[0] == found[1] == found[2]


def test_what_cannot_be_continued_is_refused(sqlite_database: Database) -> None:
    job_id = run_whole(sqlite_database, BODY)
    present = n_evaluations(sqlite_database, job_id) // 2
    for n_seeds in (present, 101):
        with pytest.raises(InvalidSpecError, match=f"above the seeds that are trained, {present}"):
            more_seeds.continue_evaluation(sqlite_database, job_id, n_seeds)
    function = run_whole(sqlite_database, function_job(budget={"n_trials": 2}))
    with pytest.raises(InvalidSpecError, match="no final evaluation"):
        more_seeds.continue_evaluation(sqlite_database, function, 5)
    queued = submit(sqlite_database, BODY)
    with pytest.raises(IllegalTransitionError):
        more_seeds.continue_evaluation(sqlite_database, queued, 5)


def test_a_clone_has_the_plan_alone_and_a_submission_none_of_it(
    sqlite_database: Database,
) -> None:
    job_id = run_whole(sqlite_database, BODY)
    continued(sqlite_database, job_id, 5)
    with sqlite_database.read() as session:
        spec = jobs.get(session, job_id).spec
    assert spec["evaluation"]["continued_to"] == 5
    clone = commands.clone(sqlite_database, job_id, {"name": "again"})
    assert "continued_to" not in clone.spec["evaluation"]
    assert clone.spec["evaluation"]["looks"] == [2, 3]
    body = BODY | {"evaluation": {"looks": [2, 3], "continued_to": 5}}
    with pytest.raises(InvalidSpecError, match="the server fills this in"):
        commands.submit(sqlite_database, parse.parse(body))
