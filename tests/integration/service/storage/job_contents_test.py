"""What goes with a job: its own rows, and the files that no other job shares."""

from __future__ import annotations

from typing import Any

import pytest

from service import clock
from service.storage import densities, job_contents, trials
from service.storage.database import Database
from service.storage.tables import ArtifactRow, EventRow
from tests.support import seeding

pytestmark = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


def test_rows_and_unshared_files_are_counted(database: Database) -> None:
    one, other = seeding.succeeded(database), seeding.succeeded(database)
    with database.write() as session:
        for row in session.query(ArtifactRow):
            session.delete(row)
        for job, name, path in (
            (one, "a", "files/own"),
            (one, "b", "files/shared"),
            (one, "c", ""),
            (other, "a", "files/shared"),
        ):
            session.add(ArtifactRow(**artifact(job.id, name, path)))
    with database.read() as session:
        found = job_contents.contents_of(session, one.id)
        assert found.n_trials == len(trials.of_job(session, one.id))
        assert found.n_densities == len(densities.of_job(session, one.id))
        assert found.n_events == session.query(EventRow).filter_by(job_id=one.id).count()
    assert (found.n_files, found.file_bytes) == (1, 7)


def artifact(job_id: int, name: str, path: str) -> dict[str, Any]:
    return {
        "job_id": job_id,
        "name": name,
        "path": path,
        "media_type": "text/plain",
        "n_bytes": 7,
        "sha256": "0" * 64,
        "created_at": clock.now(),
    }
