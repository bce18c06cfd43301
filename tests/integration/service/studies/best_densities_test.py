"""The densities that a job's studies have found, in its database."""

from __future__ import annotations

import pytest

from service.storage import densities, studies
from service.storage.database import Database
from tests.support.jobs import run_whole, training_job


def test_flat_control_has_the_scale_of_the_best_density(database: Database) -> None:
    job_id = run_whole(database, training_job())
    with database.read() as session:
        arms = {arm.name: arm for arm in studies.of_job(session, job_id)}
        by_study = {d.study_id: d for d in densities.of_job(session, job_id)}
    best = min(
        (arm for arm in arms.values() if arm.role == "search"),
        key=lambda arm: (arm.best_value or 0.0, arm.place),
    )
    taps = [tap for row in by_study[best.id].phi for tap in row]
    root_mean_square = (sum(tap * tap for tap in taps) / len(taps)) ** 0.5
    flat = by_study[arms["flat"].id].phi
    assert all(tap == pytest.approx(root_mean_square, rel=1e-12) for row in flat for tap in row)
