"""Shared by tests: jobs with short trainings, promotions and controls, and what they gave."""

from __future__ import annotations

import random
from typing import Any

from service.records import Study, Trial
from service.states import JobState, Phase
from service.storage import jobs, studies, trials
from service.storage.database import Database
from tests.support.jobs import submit, training_job
from tests.support.simulation import Simulation

TIMED = ("training_s", "core_s", "timing")


def found(database: Database, job_id: int) -> tuple[dict[str, Study], list[Trial]]:
    with database.read() as session:
        arms = {arm.name: arm for arm in studies.of_job(session, job_id)}
        return arms, trials.of_job(session, job_id)


def of(every: list[Trial], study: Study, phase: Phase) -> list[Trial]:
    mine = [t for t in every if t.study_id == study.id and t.phase is phase]
    return sorted(mine, key=lambda t: -1 if t.number is None else t.number)


def untimed(report: Any) -> Any:  # noqa: ANN401 - JSON
    """A report without ids and times, which depend on the order of things."""
    if isinstance(report, dict):
        dropped = {*TIMED, "trial_id", "study_id"}
        return {k: untimed(v) for k, v in report.items() if k not in dropped}
    return [untimed(item) for item in report] if isinstance(report, list) else report


def shaken(database: Database, body: object, *, n_workers: int, seed: int) -> int:
    """Run a job with dispatchers that die at any step, workers that die, and late answers."""
    job_id = submit(database, body)
    chance = random.Random(seed)
    for life in range(1000):
        simulation = Simulation(database, n_workers, seed=seed + life)
        with database.write() as session:
            owner = jobs.get(session, job_id).lease_owner
            jobs.release(session, owner or "nobody")
        (run,) = simulation.take()
        simulation.fails = {chance.randrange(1, 9)}
        updates: list[Any] = []
        for _ in range(chance.randrange(2, 14)):
            simulation.step(run, updates)
            if run.job.state.is_final:
                assert run.job.state is JobState.SUCCEEDED
                return job_id
            updates = [simulation.finish_one()] if simulation.hand else []
    raise AssertionError("the job did not end")


EVERYTHING = training_job(
    samplers=["direct_l", "tpe", "random", "gradient"],
    controls=["uniform", "flat", "uniform_tuned", "flat_tuned", "density_tuned"],
    training={"epochs": 8, "schedule": "cosine"},
    fidelity={"search_fraction": 0.5, "promote": 2, "audit": 2},
    pruning={"rule": "median"},
    repeats=2,
)
