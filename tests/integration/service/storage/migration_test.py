"""Errors of a revision, by which no data may be lost."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command

from service.errors import MigrationError, UnreachableRevisionError
from service.storage import backups, migration, revisions, schema
from service.storage.database import Database
from tests.support import filling
from tests.support.added_revisions import AddRevision

# Alters a table that others refer to; SQLite replaces it by a new one.
ALTER = (
    'with op.batch_alter_table("jobs") as batch:',
    '    batch.add_column(sa.Column("mood", sa.String(9)))',
    '    batch.alter_column("name", type_=sa.String(250))',
    'with op.batch_alter_table("trials") as batch:',
    '    batch.alter_column("digest", type_=sa.String(99))',
)
ALTER_BACK = (
    'with op.batch_alter_table("jobs") as batch:',
    '    batch.drop_column("mood")',
)


def filled(database: Database) -> filling.Contents:
    filling.fill(database)
    return filling.contents(database)


def is_enforced(database: Database) -> bool:
    """Whether every connection that the pool may give out enforces foreign keys."""
    connections = [database.engine.connect() for _ in range(3)]
    found = {c.exec_driver_sql("PRAGMA foreign_keys").scalar_one() for c in connections}
    for connection in connections:
        connection.close()
    return found == {1}


def copies(database: Database) -> list[Path]:
    folder = Path(str(database.url.database)).parent
    return sorted(folder.glob("densearch-*")) + sorted(folder.glob("*part*"))


def test_a_table_with_children_can_be_altered(
    database: Database, add_revision: AddRevision
) -> None:
    before = filled(database)
    add_revision(*ALTER, downgrade=ALTER_BACK)
    schema.upgrade(database)
    assert schema.current(database) == "9999"
    assert filling.common(before, filling.contents(database))[1] == before
    schema.downgrade(database, "-1")
    assert filling.contents(database) == before
    if database.is_sqlite:
        assert is_enforced(database)


def test_without_the_guard_the_children_are_lost(
    sqlite_database: Database, add_revision: AddRevision, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault itself: if this fails, the tests of this folder prove nothing."""
    before = filled(sqlite_database)
    add_revision(*ALTER)
    monkeypatch.setattr(migration, "require", lambda _connection: None)
    config = revisions.config()
    with sqlite_database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
    after = filling.contents(sqlite_database)
    assert len(after["jobs"]) == len(before["jobs"])
    assert not after["studies"]
    assert not after["trials"]


def test_no_way_leads_around_the_guard(
    sqlite_database: Database, add_revision: AddRevision
) -> None:
    before = filled(sqlite_database)
    add_revision(*ALTER)
    config = revisions.config()
    with sqlite_database.engine.connect() as connection:
        config.attributes["connection"] = connection
        for begin in (False, True):
            if begin:
                connection.begin()
            with pytest.raises(RuntimeError, match=r"storage\.migration\.transaction"):
                command.upgrade(config, "head")
            connection.rollback()
    assert filling.contents(sqlite_database) == before


@pytest.mark.parametrize(
    "wrong",
    [
        'raise ValueError("a slip")',
        'op.execute("UPDATE nothing SET x = 1")',
        "import sys; sys.stdout.nothing",
        'op.execute("DELETE FROM jobs WHERE id = 2")',
    ],
    ids=["an error of Python", "an error of SQL", "a typing error", "rows without their parents"],
)
def test_what_fails_half_way_is_taken_back_whole(
    first: tuple[Database, filling.Contents], add_revision: AddRevision, wrong: str
) -> None:
    database, before = first
    if not database.is_sqlite and "DELETE" in wrong:
        wrong = "op.execute(\"INSERT INTO events VALUES (77, 77, 'x', '{}', now())\")"
    add_revision(*ALTER, wrong)
    with pytest.raises(MigrationError) as refused:
        schema.upgrade(database)
    assert "\n" not in str(refused.value)
    assert "stays at revision 0001" in str(refused.value)
    assert schema.current(database) == "0001"
    assert filling.contents(database) == before
    if database.is_sqlite:
        assert is_enforced(database)
        assert copies(database) == [], "one for each start of a server would fill the disk"


def test_rows_without_parents_from_before_are_named(
    first_sqlite: tuple[Database, filling.Contents],
) -> None:
    database, _ = first_sqlite
    with database.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.execute("PRAGMA foreign_keys=OFF")
        raw.execute("DELETE FROM jobs WHERE id = 1")
        raw.execute("PRAGMA foreign_keys=ON")
    before = filling.contents(database)
    with pytest.raises(MigrationError, match=r"1 of attempts, .*foreign_key_check"):
        schema.upgrade(database)
    assert filling.contents(database) == before


@pytest.mark.parametrize("target", ["0002", "0099", "head+1", ""])
def test_a_revision_that_cannot_be_reached_is_named(
    sqlite_database: Database, target: str
) -> None:
    with pytest.raises(UnreachableRevisionError, match=f"cannot be reached from {schema.head()}"):
        schema.upgrade(sqlite_database, target)
    older = ", ".join(revisions.known()[:-1])
    with pytest.raises(UnreachableRevisionError, match=f"choose one of base, {older}"):
        schema.downgrade(sqlite_database, "0099")
    assert backups.of(Path(str(sqlite_database.url.database))) == []


def test_limits_of_requests_do_not_end_a_migration(postgresql_database: Database) -> None:
    names = ("statement_timeout", "idle_in_transaction_session_timeout", "lock_timeout")
    with postgresql_database.engine.begin() as connection:
        usual = [connection.scalar(sa.text(f"SHOW {name}")) for name in names]
    with migration.transaction(postgresql_database) as connection:
        lifted = [connection.scalar(sa.text(f"SHOW {name}")) for name in names]
    with postgresql_database.engine.begin() as connection:
        assert [connection.scalar(sa.text(f"SHOW {name}")) for name in names] == usual
    assert lifted == ["0", "0", "10min"]
    assert "0" not in usual
