"""Which trainings are shown of many: a choice that no order of arrival changes."""

from __future__ import annotations

import random

from service import clock
from service.jobs import commands
from service.states import Phase, TrialState
from service.storage import studies, training_curves, trials
from service.storage.database import Database
from service.validation import parse
from tests.support import seeding

BODY = {"name": "n", "task": {"kind": "denoising"}, "samplers": ["random"], "controls": []}


def numbers_shown(database: Database, order: list[int], most: int) -> set[int | None]:
    job, _ = commands.submit(database, parse.parse({**BODY, "budget": {"n_trials": 60}}))
    with database.write() as session:
        [study] = studies.of_job(session, job.id)
        for number in order:
            row = {
                "job_id": job.id, "study_id": study.id, "phase": Phase.SEARCH, "number": number,
                "state": TrialState.COMPLETED, "certainty": "certain", "point": [0.5],
                "params": {}, "digest": f"{number * 7919 % 1009:04d}", "payload": {}, "seed": 0,
                "value": float(number * 31 % 60), "curve": [2.0, 1.0], "queued_at": clock.now(),
            }  # fmt: skip
            trials.insert_all(session, [row])
        found = training_curves.some_curves(session, job.id, Phase.SEARCH, most)
    assert found.n_trainings == len(order)
    return {curve.number for curve in found.curves}


def test_the_best_and_a_sample_are_the_same_in_any_order_of_arrival(database: Database) -> None:
    order = list(range(60))
    first = numbers_shown(database, order, 5)
    random.Random(2).shuffle(order)
    assert numbers_shown(database, order, 5) == first
    assert {n for n in range(60) if n * 31 % 60 < 5} <= first
    assert 5 < len(first) <= 10
    assert len(numbers_shown(database, order, 60)) == 60


def test_measured_epochs_and_phases_are_those_of_the_trials(database: Database) -> None:
    job = seeding.running(database)
    with database.read() as session:
        every = [t.id for t in trials.of_job(session, job.id)]
        [(trial_id, [epoch])] = training_curves.measured(session, every).items()
        assert (epoch.epoch, epoch.val_loss, epoch.elapsed_s) == (2, 0.0055, 8.0)
        assert training_curves.phases_of(session, job.id) == [Phase.SEARCH]
        assert training_curves.curves_of(session, job.id, [trial_id]) == []
