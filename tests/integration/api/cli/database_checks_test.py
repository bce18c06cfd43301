"""The doctor's lines about the database: it migrates a copy, never the file."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from pydantic import SecretStr

from api.cli.database_checks import check_database, check_migrations
from service.settings import Settings
from service.storage import schema


def test_a_file_that_is_not_there_is_tried_on_an_empty_one(settings: Settings) -> None:
    (finding,) = check_migrations(settings)
    assert (finding.level, "an empty database" in finding.detail) == ("ok", True)
    assert next(found.level for found in check_database(settings)) == "warn"
    assert not settings.sqlite_path.exists()


def test_migrations_run_on_a_copy(settings: Settings, sqlite_template: Path) -> None:
    shutil.copy(sqlite_template, settings.sqlite_path)
    before = settings.sqlite_path.read_bytes()
    (finding,) = check_migrations(settings)
    assert finding.level == "ok"
    assert f"a copy of {settings.sqlite_path} to revision {schema.head()}" in finding.detail
    assert settings.sqlite_path.read_bytes() == before


def test_the_copy_is_of_a_file_in_a_directory_of_any_name(
    settings: Settings, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_dir = settings.data_dir / "a%20b?c#d"
    data_dir.mkdir()
    settings = settings.model_copy(update={"data_dir": data_dir})
    shutil.copy(sqlite_template, settings.sqlite_path)
    revisions: list[str | None] = []
    monkeypatch.setattr(schema, "upgrade", lambda copy: revisions.append(schema.current(copy)))
    (finding,) = check_migrations(settings)
    assert (finding.level, revisions) == ("ok", [schema.head()])
    assert not (data_dir.parent / "a b").exists()


def test_a_migration_that_fails_is_a_finding(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_database: object) -> None:
        raise RuntimeError("no such column\nin a statement")

    monkeypatch.setattr(schema, "upgrade", fails)
    (finding,) = check_migrations(settings)
    assert (finding.level, finding.detail) == ("fail", "of an empty database fail: no such column")


def test_a_file_that_an_address_names_is_copied_too(
    sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "odd %20?#"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    (tmp_path / "odd %20?#").mkdir()
    other = tmp_path / "other.sqlite3"
    shutil.copy(sqlite_template, other)
    named = Settings(data_dir=tmp_path, database_url=SecretStr(f"sqlite:///{other}"))
    (finding,) = check_migrations(named)
    assert (finding.level, f"a copy of {other}" in finding.detail) == ("ok", True)
    assert list((tmp_path / "odd %20?#").iterdir()) == []
