"""Shared by tests: jobs that go on."""

from __future__ import annotations

from service.states import JobState
from service.storage.database import Database
from tests.support.simulation import Simulation


def go_on(database: Database, seed: int = 0, fails: set[int] | None = None) -> Simulation:
    simulation = Simulation(database, n_workers=3, seed=seed, fails=fails or set())
    (run,) = simulation.take()
    assert simulation.run(run).state is JobState.SUCCEEDED
    return simulation
