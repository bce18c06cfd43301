"""The copy before an upgrade: whole, private, on the disk, never in the way of another."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import subprocess
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy.engine import URL

from service import clock
from service.errors import BackupError
from service.storage import backups, revisions, schema
from service.storage.database import Database
from tests.support import filling

ODD = 'it\'s a "name" with % ? # ; ü and\ttab'


@pytest.fixture
def old(sqlite_database: Database) -> Path:
    """A file of the first revision with rows in every table."""
    filling.at(sqlite_database, "0001")
    sqlite_database.close()
    return Path(str(sqlite_database.url.database))


def opened(path: Path) -> Database:
    url = URL.create("sqlite", database=str(path))
    return Database(url.render_as_string(hide_password=False))


def copies(path: Path) -> list[Path]:
    return [p for p in sorted(path.parent.iterdir()) if p.name.startswith("densearch-")]


def leave_draft(path: Path) -> Path:
    """Leave what a process leaves that is killed just before, or after, its commit."""
    draft = path.with_name("densearch-0001-20260101T000000Z.sqlite3.draft")
    draft.write_bytes(b"whole")
    return draft


@pytest.mark.parametrize("name", ["plain", ODD])
def test_the_copy_is_the_database_from_before(old: Path, name: str) -> None:
    odd = old.parent / name / old.name
    odd.parent.mkdir()
    shutil.copy(old, odd)
    database = opened(odd)
    before = filling.contents(database)
    done = schema.upgrade(database)
    database.close()
    assert done.backup is not None
    assert copies(odd) == [done.backup.path]
    assert done.backup.path.name.startswith("densearch-0001-20")
    assert stat.S_IMODE(done.backup.path.stat().st_mode) == 0o600
    # The printed command, as a user runs it in a shell.
    subprocess.run(["sh", "-c", done.backup.way_back], check=True)
    restored = opened(odd)
    assert schema.current(restored) == "0001"
    assert filling.contents(restored) == before
    restored.close()


def test_a_file_without_anything_in_it_is_not_copied(sqlite_database: Database) -> None:
    schema.downgrade(sqlite_database, "0001")
    with sqlite_database.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO dispatchers VALUES ('a', 'b', 1, 1, '{}', '2026-01-01', '2026-01-01')"
        )
    assert schema.upgrade(sqlite_database).backup is None
    assert copies(Path(str(sqlite_database.url.database))) == []


@pytest.mark.parametrize("with_backup", [True, False])
def test_a_downgrade_is_copied_too_unless_refused(
    sqlite_database: Database, with_backup: bool
) -> None:
    filling.fill(sqlite_database)
    before = filling.contents(sqlite_database)
    done = schema.downgrade(sqlite_database, "0002", with_backup=with_backup)
    found = copies(Path(str(sqlite_database.url.database)))
    assert (done.backup is not None) == (len(found) == 1) == with_backup
    if done.backup is not None:
        copy = opened(done.backup.path)
        assert filling.contents(copy) == before
        copy.close()


def test_a_database_in_memory_is_upgraded_without_a_copy() -> None:
    database = Database("sqlite://")
    schema.upgrade(database, "0003")
    filling.fill(database)
    before = filling.contents(database)
    assert schema.upgrade(database).backup is None
    kept, found = filling.common(before, filling.contents(database))
    assert kept == found
    database.close()


def test_no_copy_takes_the_place_of_another(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 5, 1, tzinfo=UTC))
    database = opened(old)
    for _ in range(2):
        schema.upgrade(database)
        schema.downgrade(database, "0001", with_backup=False)
    database.close()
    names = ["-2.sqlite3", ".sqlite3"]
    found = copies(old)
    assert [p.name for p in found] == [f"densearch-0001-20260501T000000Z{n}" for n in names]
    assert len({p.stat().st_ino for p in found}) == 2
    assert [b.path.name for b in backups.of(old)] == [copy.name for copy in found]


def test_what_a_killed_copy_left_is_no_copy_and_goes(old: Path) -> None:
    part = old.with_name("densearch.sqlite3.backup-part")
    part.write_bytes(b"half")
    assert backups.of(old) == []
    database = opened(old)
    schema.upgrade(database)
    database.close()
    assert not part.exists()
    assert len(backups.of(old)) == 1


def test_copies_of_two_files_in_one_directory_are_told_apart(old: Path) -> None:
    """The copy of one in the place of the other would be the loss of all its jobs."""
    other = old.with_name("a[1].db")
    shutil.copy(old, other)
    made = {}
    for path in (old, other):
        database = opened(path)
        done = schema.upgrade(database)
        database.close()
        assert done.backup is not None
        made[path] = done.backup
        assert [copy.path for copy in backups.of(path)] == [done.backup.path]
    assert made[other].path.name.startswith("a[1]-0001-20")
    assert made[other].path.suffix == ".db"
    newest = revisions.usable_backup(other)
    assert newest is not None
    assert newest.path == made[other].path


@pytest.mark.parametrize("with_backup", [True, False])
def test_a_draft_of_a_change_that_was_never_committed_goes(old: Path, with_backup: bool) -> None:
    left = leave_draft(old)
    database = opened(old)
    schema.upgrade(database, with_backup=with_backup)
    database.close()
    assert not left.exists()
    assert len(copies(old)) == with_backup


def test_a_draft_of_a_change_that_was_committed_gets_its_name(old: Path) -> None:
    database = opened(old)
    schema.upgrade(database, with_backup=False)
    left = leave_draft(old)
    assert backups.of(old) == []
    schema.upgrade(database)  # there is nothing to do
    database.close()
    assert copies(old) == [left.with_suffix("")] == [copy.path for copy in backups.of(old)]


def test_a_draft_of_a_change_that_goes_on_is_left_alone(old: Path) -> None:
    left = leave_draft(old)
    database = opened(old)
    schema.upgrade(database, "0001")  # nothing to do, and nobody's lock is held
    database.close()
    assert copies(old) == [left]


def test_no_room_is_refused_before_anything_is_written(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = opened(old)
    before = filling.contents(database)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=4096))
    with pytest.raises(BackupError, match=r"need [\d,]{7,} bytes, and 4,096 are free") as refused:
        schema.upgrade(database)
    assert "--no-backup" in str(refused.value)
    assert schema.current(database) == "0001"
    assert filling.contents(database) == before
    assert copies(old) == []
    assert schema.upgrade(database, with_backup=False).backup is None
    database.close()


@pytest.mark.parametrize("failing", ["_write", "sync"])
def test_a_copy_that_fails_is_taken_away(
    old: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    def fail(*_args: object) -> None:
        old.with_name("densearch.sqlite3.backup-part").write_bytes(b"half")
        raise OSError(28, "No space left on device") if failing == "sync" else full

    full = sqlite3.OperationalError("database or disk is full")
    monkeypatch.setattr(backups, failing, fail)
    database = opened(old)
    with pytest.raises(BackupError, match=r"No space left on device|disk is full"):
        schema.upgrade(database)
    assert schema.current(database) == "0001"
    database.close()
    assert [p.name for p in old.parent.iterdir() if "part" in p.name or "-0001" in p.name] == []


def test_a_copy_holds_what_is_in_the_wal_alone(old: Path) -> None:
    database = opened(old)
    with closing(sqlite3.connect(old, isolation_level=None)) as other:
        other.execute("PRAGMA wal_autocheckpoint=0")
        other.execute("UPDATE jobs SET name = 'in the WAL'")
        done = schema.upgrade(database)
    assert done.backup is not None
    with closing(sqlite3.connect(done.backup.path)) as copy:
        assert {row[0] for row in copy.execute("SELECT name FROM jobs")} == {"in the WAL"}
    database.close()
