"""Revisions: the names of steps, and what a database says of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.errors import ForeignDatabaseError, NewerSchemaError, UnclearRevisionError
from service.storage import revisions
from service.storage.database import Database

KNOWN = revisions.known()
VERSION = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"


@pytest.fixture
def empty(tmp_path: Path) -> Database:
    return Database(f"sqlite:///{tmp_path / 'empty.sqlite3'}")


def found_in(database: Database, *statements: str) -> str | None:
    """Run statements on a database and read its revision; close it."""
    try:
        with database.engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
        with database.engine.connect() as connection:
            return revisions.found(connection)
    finally:
        database.close()


@pytest.mark.parametrize(
    ("found", "name", "expected"),
    [
        (None, "head", KNOWN[-1]),
        (KNOWN[1], "-1", KNOWN[0]),
        (KNOWN[0], "-1", "base"),
        (None, "+2", KNOWN[1]),
        (KNOWN[0], "-2", "-2"),  # before the first: no revision, and named in the error
        (KNOWN[-1], "+1", "+1"),
        (KNOWN[0], KNOWN[1], KNOWN[1]),
        (KNOWN[0], "nonsense", "nonsense"),
        (KNOWN[0], "-", "-"),
    ],
)
def test_a_name_is_a_revision_a_step_or_itself(
    found: str | None, name: str, expected: str
) -> None:
    assert revisions.resolve(found, name) == expected


def test_revisions_are_counted_from_an_empty_database() -> None:
    assert [revisions.index(name) for name in (None, "base", *KNOWN)] == [
        0, 0, *range(1, len(KNOWN) + 1)
    ]  # fmt: skip
    assert revisions.head() == KNOWN[-1]


def test_a_database_of_ours_names_its_revision(database: Database) -> None:
    with database.engine.connect() as connection:
        assert revisions.found(connection) == KNOWN[-1]


def test_an_empty_database_has_none(empty: Database) -> None:
    assert found_in(empty) is None


def test_an_empty_table_of_revisions_alone_is_an_empty_database(empty: Database) -> None:
    """A downgrade to nothing leaves it."""
    assert found_in(empty, VERSION) is None


@pytest.mark.parametrize(
    ("statements", "error"),
    [
        (["CREATE TABLE customers (id INTEGER)"], ForeignDatabaseError),
        ([VERSION, "INSERT INTO alembic_version VALUES ('ae1027a6')"], ForeignDatabaseError),
        ([VERSION, "CREATE TABLE jobs (id INTEGER)"], UnclearRevisionError),
        ([VERSION, "INSERT INTO alembic_version VALUES ('0001'), ('0002')"], UnclearRevisionError),
        (
            [VERSION, "INSERT INTO alembic_version VALUES ('9999')", "CREATE TABLE jobs (id INT)"],
            NewerSchemaError,
        ),
    ],
)
def test_what_no_upgrade_can_use_is_told_apart(
    empty: Database, statements: list[str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        found_in(empty, *statements)


def test_the_newest_copy_that_this_version_can_read_is_named(tmp_path: Path) -> None:
    file = tmp_path / "densearch.sqlite3"
    assert revisions.usable_backup(file) is None
    names = {
        "densearch-9999-20260301T000000Z.sqlite3",  # of a newer version
        f"densearch-{KNOWN[0]}-20260101T000000Z.sqlite3",
        f"densearch-{KNOWN[1]}-20260201T000000Z.sqlite3",
    }
    for name in names:
        (tmp_path / name).touch()
    backup = revisions.usable_backup(file)
    assert backup is not None
    assert backup.revision == KNOWN[1]
