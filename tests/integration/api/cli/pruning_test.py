"""`densearch db prune` on SQLite and PostgreSQL: its output, its refusals, the freed space."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from api.cli.main import app
from service import clock
from service.errors import DirectoryInUseError, NoRoomError, SchemaError, SettingsError
from service.jobs import deletion, retention
from service.settings import load
from service.storage import events, locks, vacuum
from service.storage.chunks import Chunks
from service.storage.database import Database
from tests.support.jobs import SMALL
from tests.support.pruned_jobs import later, left, run_measured
from tests.support.stored_jobs import counts, files, run_storing


def prune(*words: str) -> Any:  # noqa: ANN401 - typer's Result
    return CliRunner().invoke(app, ["db", "prune", *words], catch_exceptions=True)


@pytest.fixture
def url(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """The database as the command finds it: by DENSEARCH_DATA_DIR or DENSEARCH_DATABASE_URL."""
    monkeypatch.setenv("DENSEARCH_DATA_DIR", str(tmp_path))
    if not database.is_sqlite:
        address = database.url.render_as_string(hide_password=False)
        monkeypatch.setenv("DENSEARCH_DATABASE_URL", address)
    return database


def pass_two_days(monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() + timedelta(days=2))


def test_counts_are_printed_and_then_carried_out(
    url: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_measured(url, SMALL, key="k")
    pass_two_days(monkeypatch)
    had = left(url)
    for words, verb in ((["--dry-run"], "would be removed"), ([], "removed")):
        result = prune("--older-than", "1d", *words)
        assert result.exit_code == 0, result.output
        assert result.stdout.splitlines() == [
            f"events: {had.events - 1:,} {verb}",
            f"measurements: {had.measurements:,} {verb}",
            f"idempotency_keys: 1 {verb}",
            f"calibrations: {had.calibrations:,} {verb}",
        ]
    assert (left(url).events, left(url).measurements) == (1, 0)
    assert prune("--older-than", "1d").stdout.startswith("events: 0 removed")


def test_a_vacuum_gives_the_space_back(url: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = run_measured(url, SMALL)
    with url.write() as session:
        for _ in range(200):
            events.add(session, job_id, "trial", {"text": "x" * 20_000})
        events.add(session, job_id, "job", {"state": "SUCCEEDED"})
    url.close()  # SQLite's file is rewritten only when no process has it open
    pass_two_days(monkeypatch)
    result = prune("--older-than", "1d", "--vacuum")
    assert result.exit_code == 0, result.output
    if url.is_sqlite:
        file = Path(url.url.database or "")
        assert file.stat().st_size < 2 * 2**20
        assert f"{file.stat().st_size:,} now" in result.stdout
    assert left(url).events == 1


def test_a_vacuum_of_a_file_in_use_is_refused_before_anything(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DENSEARCH_DATA_DIR", str(tmp_path))
    run_measured(sqlite_database, SMALL)
    had = left(sqlite_database)
    with locks.hold_server(load()):
        result = prune("--older-than", "1h", "--vacuum")
    assert isinstance(result.exception, DirectoryInUseError)
    assert left(sqlite_database) == had


def test_a_vacuum_that_would_not_fit_is_refused(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite_database.close()
    monkeypatch.setattr("shutil.disk_usage", lambda _place: type("Usage", (), {"free": 17})())
    with pytest.raises(NoRoomError, match="17 bytes free"):
        vacuum.vacuum_file(tmp_path / "densearch.sqlite3")


def test_nonsense_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DENSEARCH_DATA_DIR", str(tmp_path))
    assert isinstance(prune("--older-than", "soon").exception, SettingsError)
    assert isinstance(prune("--older-than", "1d").exception, SchemaError)
    assert prune().exit_code == 2


def test_what_deleted_jobs_left_goes_too(url: Database) -> None:
    first, _ = (run_measured(url, SMALL), run_measured(url, SMALL))
    deletion.delete(url, first)
    assert prune("--older-than", "50w").exit_code == 0
    with url.read() as session:
        assert events.after(session, first, 0, 10) == []


def test_files_elsewhere_are_left_to_the_dispatchers(
    postgresql_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database says nothing of the data directory; the default, `data`, may be another."""
    home, here = tmp_path / "home", tmp_path / "here"
    first = run_storing(postgresql_database, home, SMALL)
    run_storing(postgresql_database, home, {**SMALL, "seed": 5})
    deletion.delete(postgresql_database, first)
    had = counts(postgresql_database, first), files(home)
    address = postgresql_database.url.render_as_string(hide_password=False)
    monkeypatch.setenv("DENSEARCH_DATABASE_URL", address)
    result = prune("--older-than", "50w", "--data-dir", str(here))
    assert result.exit_code == 0, result.output
    assert f"deleted job {first} is left to the dispatchers: artifacts/" in result.stderr
    assert (counts(postgresql_database, first), files(home)) == had
    assert not here.exists()
    result = prune("--older-than", "50w", "--data-dir", str(home))
    assert result.stderr == ""
    assert not any(counts(postgresql_database, first).values())
    assert len(files(home)) == len(had[1]) // 2


def test_a_pruned_trial_says_so(client: TestClient, sqlite_database: Database) -> None:
    job_id = run_measured(sqlite_database, SMALL)
    trial = client.get(f"/v1/jobs/{job_id}/trials").json()["items"][0]
    address = f"/v1/trials/{trial['id']}/measurements"
    answer = client.get(address).json()
    assert (len(answer["items"]), answer["pruned"]) == (len(trial["curve"]), False)
    page = client.get(f"/jobs/{job_id}")
    retention.prune(Chunks(sqlite_database), later())
    assert client.get(address).json() == {"items": [], "pruned": True}
    assert client.get(f"/v1/trials/{trial['id']}").json()["curve"] == trial["curve"]
    assert client.get(f"/jobs/{job_id}").status_code == page.status_code == 200
    with client.stream("GET", f"/v1/jobs/{job_id}/events") as stream:
        kinds = [line for line in stream.iter_lines() if line.startswith("event:")]
    assert kinds == ["event: job"]
