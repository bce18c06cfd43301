"""Shared by tests: a submitted job, and rows of completed trials for it."""

from __future__ import annotations

import math
from typing import Any

from service import clock
from service.jobs import commands
from service.records import Job
from service.storage import studies
from service.storage.database import Database
from tests.support.stored_specs import SPEC


def new_job(database: Database) -> Job:
    return commands.submit(database, SPEC)[0]


def trial_rows(database: Database, job: Job, n_trials: int) -> list[dict[str, Any]]:
    """Return the rows of `n_trials` completed search trials, to be inserted."""
    with database.read() as session:
        (study,) = studies.of_job(session, job.id)
    return [
        {
            "job_id": job.id,
            "study_id": study.id,
            "phase": "search",
            "number": number,
            "state": "COMPLETED",
            "certainty": "certain",
            "point": [0.1, math.pi / 4],
            "params": {"x": [0.1, 0.2]},
            "payload": {},
            "seed": 2**32 - 1,
            "digest": f"{number:064x}",
            "is_diverged": False,
            "value": 1e-300,
            "n_attempts": 0,
            "queued_at": clock.now(),
        }
        for number in range(n_trials)
    ]
