"""Shared by tests: old jobs with measurements."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from service import clock
from service.jobs import commands as use_cases
from service.orchestration.messages import Measured
from service.states import JobState
from service.storage.database import Database
from service.storage.retention import Pruned
from service.storage.tables import CalibrationRow, EventRow, IdempotencyKeyRow, MeasurementRow
from service.validation import parse
from tests.support.simulation import Simulation


def run_measured(database: Database, body: dict[str, object], key: str | None = None) -> int:
    """Run a job whose trainings measure each epoch."""
    job, _ = use_cases.submit(database, parse.parse(body), key)
    simulation = Simulation(database, n_workers=3)
    (run,) = simulation.take()
    updates: list[Any] = []
    while not run.job.state.is_final:
        simulation.step(run, updates)
        updates = [simulation.finish_one()] if simulation.hand else []
        for ended in list(updates):
            values = enumerate(ended.curve, start=1)
            ids = (ended.attempt_id, ended.trial_id)
            updates[:0] = [Measured(*ids, n, {"loss": v}, 0.1 * n) for n, v in values]
    assert run.job.state is JobState.SUCCEEDED
    return job.id


def left(database: Database) -> Pruned:
    with database.read() as session:
        n = (EventRow, MeasurementRow, IdempotencyKeyRow, CalibrationRow)
        counts = [session.scalar(select(func.count()).select_from(kind)) or 0 for kind in n]
    return Pruned(*counts)


def later(days: float = 1.0) -> Any:  # noqa: ANN401 - a time
    return clock.now() + timedelta(days=days)
