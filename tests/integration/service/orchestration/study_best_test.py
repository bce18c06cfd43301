"""The best trial of a study: stored with its density and announced when it changes."""

from __future__ import annotations

from itertools import pairwise

import pytest

from service.orchestration import study_best
from service.states import JobState
from service.storage import densities, events, studies, trials
from service.storage.database import Database
from tests.support.jobs import submit, training_job
from tests.support.simulation import Simulation

BODY = training_job(
    samplers=["random"], controls=[], budget={"n_trials": 6}, evaluation={"n_seeds": 0}
)


def test_each_better_trial_is_announced_once_and_the_last_one_is_stored(
    sqlite_database: Database,
) -> None:
    job_id = submit(sqlite_database, BODY)
    simulation = Simulation(sqlite_database, n_workers=1)
    (run,) = simulation.take()
    assert simulation.run(run).state is JobState.SUCCEEDED
    with sqlite_database.read() as session:
        (study,) = studies.of_job(session, job_id)
        (density,) = densities.of_job(session, job_id)
        found = trials.of_job(session, job_id)
        every = events.after(session, job_id, 0, 1000)
    told = [e.data for e in every if e.kind == "study" and not e.data["is_finished"]]
    values = [data["best_value"] for data in told]
    assert all(before > after for before, after in pairwise(values))
    assert study.best_value == values[-1] == min(t.value for t in found if t.value is not None)
    assert density.trial_id == study.best_trial_id == told[-1]["best_trial_id"]
    best = next(trial for trial in found if trial.id == study.best_trial_id)
    assert density.den == pytest.approx(best.params["den"])


def test_the_same_best_and_none_at_all_write_nothing(sqlite_database: Database) -> None:
    submit(sqlite_database, BODY)
    simulation = Simulation(sqlite_database, n_workers=1)
    (run,) = simulation.take()
    simulation.run(run)
    (study,) = run.studies
    record = study.record
    with sqlite_database.write() as session:
        for best in (study.best, None):
            study_best.update(session, run, study, best)
    assert study.record is record
