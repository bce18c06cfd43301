"""The data of figures: all results of a small study, the steps of a large one."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from api.dashboard.figures.convergence import MAX_DOTS, Search, figure_of
from api.dashboard.figures.themes import THEMES, Figure
from api.dashboard.figures.views import View
from service import clock
from service.jobs import commands as use_cases
from service.records import Job, Study
from service.states import Phase, TrialState
from service.storage import overview, studies, trials
from service.storage.database import Database
from service.validation import parse
from tests.support import seeding

EVERYTHING = 10**6


def job_of(database: Database, n_trials: int) -> Job:
    """A job whose two searches ended in any order, with equal values, losses and failures."""
    body = {
        "name": "flat",
        "task": {"kind": "function", "name": "branin", "dimension": 2},
        "samplers": ["random", "qmc"],
        "budget": {"n_trials": n_trials},
    }
    job, _ = use_cases.submit(database, parse.parse(body))
    chance, now = random.Random(3), clock.now()
    with database.write() as session:
        rows = []
        for study in studies.of_job(session, job.id):
            for number in range(n_trials):
                state = TrialState.COMPLETED if chance.random() < 0.9 else TrialState.FAILED
                is_diverged = chance.random() < 0.05
                value = 1000.0 if is_diverged else chance.randrange(1, 400) / (1 + number % 97)
                rows.append(
                    {
                        "job_id": job.id,
                        "study_id": study.id,
                        "phase": Phase.SEARCH,
                        "number": number,
                        "state": state,
                        "certainty": "certain",
                        "point": [0.5, 0.5],
                        "params": {},
                        "digest": f"{study.id}-{number}",
                        "payload": {},
                        "seed": 0,
                        "value": value if state is TrialState.COMPLETED else None,
                        "is_diverged": is_diverged,
                        "queued_at": now,
                        "finished_at": now + timedelta(seconds=chance.randrange(3 * n_trials)),
                    }
                )
        trials.insert_all(session, rows)
    return job


def drawn(
    order: overview.Order, own: list[Study], found: list[overview.Result], job: Job
) -> Figure:
    view = View("time" if order == "time" else "trials")
    return figure_of(Search(own, found, since=job.created_at), view, THEMES["light"])


@pytest.mark.parametrize("order", ["number", "time"])
def test_the_steps_of_large_studies_draw_the_figure_of_all_results(
    database: Database, order: overview.Order
) -> None:
    job = job_of(database, 400)
    with database.read() as session:
        own = studies.of_job(session, job.id)
        every = overview.results(session, job.id, order, EVERYTHING)
        few = overview.results(session, job.id, order, 100)
    assert len(every) > MAX_DOTS
    assert 4 < len(few) < 100
    assert {r.n_of_study for r in few} == {sum(r.study_id == s.id for r in every) for s in own}
    assert drawn(order, own, few, job) == drawn(order, own, every, job)


def test_a_small_study_shows_every_result(sqlite_database: Database) -> None:
    job = job_of(sqlite_database, 40)
    with sqlite_database.read() as session:
        few = overview.results(session, job.id, "number", 100)
        assert few == overview.results(session, job.id, "number", EVERYTHING)
        expected = [
            t.id
            for t in trials.of_job(session, job.id)
            if t.state is TrialState.COMPLETED and not t.is_diverged
        ]
    assert [result.trial_id for result in few] == expected


def test_results_leave_out_what_cannot_be_the_best(database: Database) -> None:
    job = seeding.running(database)
    with database.read() as session:
        found = {r.trial_id: r for r in overview.results(session, job.id, "number", 600)}
        for trial in trials.of_job(session, job.id):
            is_result = trial.state == "COMPLETED" and not trial.is_diverged
            assert (trial.id in found) == is_result
            if is_result:
                assert found[trial.id].value == trial.value
