"""Sizes: files of equal content count once, removed ones not at all."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from service.storage import sizes
from service.storage.database import Database
from service.storage.sizes import Stored
from service.storage.tables import ArtifactRow, DatasetRow
from tests.support.stored_rows import new_job

pytestmark = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
AT = datetime(2026, 1, 1, tzinfo=UTC)


def artifact(job_id: int, name: str, sha256: str, path: str = "some/file") -> ArtifactRow:
    own: dict[str, Any] = {"name": name, "sha256": sha256, "path": path}
    return ArtifactRow(
        job_id=job_id, media_type="text/plain", n_bytes=len(sha256), created_at=AT, **own
    )


def test_an_empty_database_has_a_size_and_no_files(database: Database) -> None:
    with database.read() as session:
        assert sizes.database_bytes(session) > 10_000
        assert sizes.datasets(session) == sizes.artifacts(session) == Stored(0, 0)


def test_equal_content_is_counted_once_and_a_removed_file_never(database: Database) -> None:
    job_id = new_job(database).id
    with database.write() as session:
        session.add_all(
            [
                artifact(job_id, "a", "xx"),
                artifact(job_id, "b", "xx"),
                artifact(job_id, "c", "yyyy"),
                artifact(job_id, "d", "zzzzz", path=""),
            ]
        )
        same = {"kind": "plain", "format": "npz", "n_samples": 1, "details": {}, "created_at": AT}
        session.add_all(
            DatasetRow(name=name, sha256="s", n_bytes=7, **same) for name in ("one", "two")
        )
    with database.read() as session:
        assert sizes.artifacts(session) == Stored(3, 6)
        assert sizes.datasets(session) == Stored(2, 7)
