"""Kept weights: one file for each training."""

from __future__ import annotations

from dataclasses import replace

from service.orchestration.messages import Update
from service.storage import densities
from service.storage.database import Database
from tests.support.jobs import submit, training_job
from tests.support.simulation import Simulation


def test_arms_that_share_a_training_share_its_artifact(sqlite_database: Database) -> None:
    body = training_job(
        samplers=["random"],
        budget={"n_trials": 1},
        controls=["uniform", {"name": "flat", "factor": 1.0}],  # the same density by two names
    )
    job_id = submit(sqlite_database, body)
    simulation = Simulation(sqlite_database, n_workers=1)
    (run,) = simulation.take()
    kept: list[int] = []
    updates: list[Update] = []
    while not run.job.state.is_final:
        simulation.step(run, updates)
        updates = []
        if simulation.hand:
            keeps_weights = simulation.hand[0].keeps_weights
            ended = simulation.finish_one()
            if keeps_weights:
                kept.append(ended.trial_id)
                file = (f"artifacts/{ended.trial_id}", 1, "0" * 64)
                sheet = (f"artifacts/{ended.trial_id}.npz", 1, "1" * 64)
                ended = replace(ended, weights=file, stored_sheet=sheet)
            updates = [ended]
    with sqlite_database.read() as session:
        found = {a.name: a.path for a in densities.artifacts(session, job_id)}
    assert len(kept) == 2
    arms = ("random", "uniform", "flat")
    endings = (".safetensors", ".samples.npz")
    assert found.keys() == {f"{arm}{ending}" for arm in arms for ending in endings}
    assert found["flat.samples.npz"] == found["uniform.samples.npz"]
    assert found["flat.safetensors"] == found["uniform.safetensors"]
