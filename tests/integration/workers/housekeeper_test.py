"""The housekeeper: a failure of one work keeps no other waiting, and is said once."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from service.jobs import artifact_files, deletion
from service.settings import Settings
from service.storage import events
from service.storage.chunks import Chunks
from service.storage.database import Database
from tests.support.jobs import SMALL
from tests.support.stored_jobs import run_storing
from workers.housekeeper import Housekeeper


def refuse(*_: object, **__: object) -> None:
    raise PermissionError(1, "Operation not permitted")


@pytest.mark.parametrize("failing", ["remove", "sweep"])
def test_old_rows_are_removed_although_files_cannot_be(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    kept, deleted = (run_storing(sqlite_database, tmp_path, SMALL | {"seed": s}) for s in (1, 2))
    deletion.delete(sqlite_database, deleted)
    with sqlite_database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE jobs SET finished_at = '2026-01-01 00:00:00'")
    monkeypatch.setattr(artifact_files if failing == "remove" else deletion, failing, refuse)
    housekeeper = Housekeeper(Settings(data_dir=tmp_path, keep_days=1))
    with capture_logs() as logs:
        for _ in range(2):
            housekeeper.turn(Chunks(sqlite_database))
    with sqlite_database.read() as session:
        assert len(events.after(session, kept, 0, 10)) == 1
    said = [line for line in logs if line["log_level"] == "warning"]
    assert {"Operation not permitted" in line["error"] for line in said} == {True}
    assert len(said) == 1  # of two turns
