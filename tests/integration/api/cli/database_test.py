"""`densearch db upgrade`, `downgrade` and `current` on a SQLite file."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli.main import app
from service.errors import SchemaError
from service.storage import schema
from service.storage.database import Database
from tests.support import seeding

EARLIER = "0004"


pytestmark = pytest.mark.usefixtures("mask")


@pytest.fixture
def folder(sqlite_template: Path, tmp_path: Path) -> Path:
    """A data directory with an empty database of this version."""
    shutil.copy(sqlite_template, tmp_path / "densearch.sqlite3")
    return tmp_path


def db(*words: str, folder: Path) -> Any:  # noqa: ANN401 - typer's Result
    return CliRunner().invoke(app, ["db", *words, "--data-dir", str(folder)])


def test_a_database_of_this_version_is_left_as_it_is(folder: Path) -> None:
    assert db("current", folder=folder).output == f"{schema.head()}\n"
    before = (folder / "densearch.sqlite3").read_bytes()
    said = db("upgrade", folder=folder).output
    assert said.endswith(f"densearch.sqlite3 is at revision {schema.head()} already\n")
    assert (folder / "densearch.sqlite3").read_bytes() == before


def test_it_goes_down_and_up_again_and_says_from_where_to_where(folder: Path) -> None:
    assert (
        f"downgraded from {schema.head()} to {EARLIER}"
        in db("downgrade", EARLIER, folder=folder).output
    )
    refused = db("current", folder=folder)
    assert refused.exit_code != 0
    assert isinstance(refused.exception, SchemaError)
    assert f"upgraded from {EARLIER} to {schema.head()}" in db("upgrade", folder=folder).output
    assert db("current", folder=folder).exit_code == 0


@pytest.mark.parametrize("words", [(), ("--no-backup",)])
def test_jobs_are_copied_first_unless_that_is_declined(
    folder: Path, words: tuple[str, ...]
) -> None:
    database = Database(f"sqlite:///{folder / 'densearch.sqlite3'}")
    seeding.function_job(database)
    database.close()
    said = db("downgrade", EARLIER, *words, folder=folder).output
    copies = list(folder.glob("densearch-*.sqlite3"))
    assert len(copies) == int(not words)
    if copies:
        assert f"the database as it was before: {copies[0]}" in said
        assert "install this version, then run:" in said
        assert f"cp {copies[0]} {folder / 'densearch.sqlite3'}" in said
