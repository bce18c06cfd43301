"""Shared by tests: jobs that are submitted and run to their end in one process."""

from __future__ import annotations

from service.jobs import commands as use_cases
from service.states import JobState
from service.storage.database import Database
from service.validation import parse
from tests.support.simulation import Simulation


def training_job(**changes: object) -> dict[str, object]:
    body: dict[str, object] = {
        "name": "photos",
        "task": {"kind": "denoising"},
        "density": {"bounds": [[0.0, 2.0]]},
        "samplers": ["direct_l", "tpe", "random"],
        "controls": ["uniform", "linear", "gaussian", "flat"],
        "budget": {"n_trials": 9},
        "evaluation": {"n_seeds": 2},
    }
    return body | changes


SMALL = training_job(
    samplers=["random"], controls=["uniform"], budget={"n_trials": 3}, evaluation={"n_seeds": 1}
)


def function_job(**changes: object) -> dict[str, object]:
    body: dict[str, object] = {
        "name": "branin",
        "task": {"kind": "function", "name": "branin", "dimension": 2},
        "samplers": ["direct_l", "tpe", "random"],
        "budget": {"n_trials": 20},
    }
    return body | changes


def submit(database: Database, body: object) -> int:
    job, is_new = use_cases.submit(database, parse.parse(body))
    assert is_new
    return job.id


def run_whole(database: Database, body: object, *, n_workers: int = 2, seed: int = 0) -> int:
    job_id = submit(database, body)
    simulation = Simulation(database, n_workers, seed)
    (run,) = simulation.take()
    assert simulation.run(run).state is JobState.SUCCEEDED
    return job_id
