"""Logs go with their job, with its measurements, and beyond the limit of a job."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from service import clock
from service.jobs import attempt_logs, deletion
from service.storage.database import Database
from tests.support import seeding


def write(data_dir: Path, job_id: int, attempt_id: int) -> None:
    path = attempt_logs.path_of(data_dir, job_id, attempt_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("printed\n")


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
def test_logs_are_swept(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, ended, running = (
        seeding.failed(database),
        seeding.succeeded(database),
        seeding.running(database),
    )
    for job in (gone, ended, running):
        for attempt_id in (9, 10, 11):
            write(tmp_path, job.id, attempt_id)
    deletion.delete(database, gone.id)

    def kept() -> set[tuple[int, int]]:
        found = (tmp_path / attempt_logs.FOLDER).glob("*/*.log")
        return {(int(path.parent.name), int(path.stem)) for path in found}

    assert attempt_logs.sweep(database, tmp_path, None) == 1
    assert kept() == {(job.id, n) for job in (ended, running) for n in (9, 10, 11)}
    monkeypatch.setattr(attempt_logs, "MOST_FILES", 2)
    foreign = attempt_logs.path_of(tmp_path, ended.id, 9).with_name("notes.log")
    foreign.touch()
    attempt_logs.sweep(database, tmp_path, clock.now() - timedelta(days=1))
    foreign.unlink()  # what is not ours stays, and stops nothing
    assert kept() == {(job.id, n) for job in (ended, running) for n in (10, 11)}
    attempt_logs.sweep(database, tmp_path, clock.now() + timedelta(days=1))
    assert kept() == {(running.id, n) for n in (10, 11)}
    assert attempt_logs.sweep(database, tmp_path / "nowhere", None) == 0


@pytest.mark.parametrize("end", ["", "\n", "\r"])
def test_one_long_line_keeps_its_end(tmp_path: Path, end: str) -> None:
    write(tmp_path, 1, 2)
    path = attempt_logs.path_of(tmp_path, 1, 2)
    path.write_text("x" * 2 * attempt_logs.MOST_BYTES + "the end" + end, newline="")
    kept = attempt_logs.read(tmp_path, 1, 2) or ""
    assert kept.startswith("[what was printed before is left out]\n")
    assert kept.endswith("xthe end" + end)
    with path.open("a", newline="") as file:
        file.write("\rat 1 %\rat 2 %")
    kept = attempt_logs.read(tmp_path, 1, 2) or ""
    assert kept.removeprefix("[what was printed before is left out]\n").endswith("at 1 %\rat 2 %")
    assert "x" not in kept
