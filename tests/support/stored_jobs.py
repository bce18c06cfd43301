"""Shared by tests: jobs that leave files, to be deleted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sqlalchemy import select, text

from service.jobs import artifact_files
from service.orchestration.messages import Ended
from service.states import JobState
from service.storage.database import Database
from service.storage.tables import METADATA
from tests.support.jobs import submit
from tests.support.simulation import Simulation


class Storing(Simulation):
    """A simulation whose evaluations leave files, named by what was trained."""

    data_dir: Path

    def finish_one(self) -> Ended:
        before = list(self.hand)
        ended = super().finish_one()
        (done,) = (a for a in before if a not in self.hand)
        if not done.keeps_weights:
            return ended
        content = done.digest.encode()
        return replace(ended, weights=artifact_files.store_weights(self.data_dir, content))


def run_storing(database: Database, data_dir: Path, body: object) -> int:
    job_id = submit(database, body)
    return go_on(database, data_dir, job_id)


def go_on(database: Database, data_dir: Path, job_id: int) -> int:
    simulation = Storing(database, n_workers=3)
    simulation.data_dir = data_dir
    (run,) = simulation.take()
    assert simulation.run(run).state is JobState.SUCCEEDED
    return job_id


def counts(database: Database, job_id: int) -> dict[str, int]:
    """Count what a job has in every table that names jobs."""
    found = {}
    with database.read() as session:
        for table in METADATA.sorted_tables:
            column = table.c.id if table.name == "jobs" else table.c.get("job_id")
            if column is not None:
                query = select(text("count(*)")).select_from(table).where(column == job_id)
                found[table.name] = session.scalar(query) or 0
    return found


def files(data_dir: Path) -> set[str]:
    folder = data_dir / artifact_files.FOLDER
    return {str(p.relative_to(data_dir)) for p in folder.rglob("*.safetensors")}
