"""Freeing the space of removed rows."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from service.errors import NoRoomError
from service.storage import vacuum
from service.storage.database import Database


@pytest.fixture
def emptied(tmp_path: Path) -> Path:
    """A SQLite file of a megabyte in WAL mode, whose rows were deleted."""
    file = tmp_path / "a.sqlite3"
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE words (text TEXT)")
        connection.execute("INSERT INTO words VALUES ('kept'), (hex(zeroblob(500000)))")
        connection.execute("DELETE FROM words WHERE text <> 'kept'")
    return file


def free(n_bytes: int) -> Callable[[Path], SimpleNamespace]:
    return lambda _: SimpleNamespace(free=n_bytes)


def test_a_file_gives_back_what_it_does_not_use(emptied: Path) -> None:
    before = emptied.stat().st_size
    vacuum.vacuum_file(emptied)
    assert emptied.stat().st_size < before / 50
    wal = emptied.with_name(f"{emptied.name}-wal")
    assert not wal.exists() or wal.stat().st_size == 0
    with closing(sqlite3.connect(emptied)) as connection:
        assert connection.execute("SELECT text FROM words").fetchall() == [("kept",)]


def test_a_disk_without_room_for_the_copy_is_refused_and_the_file_stays(
    emptied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = emptied.stat().st_size
    # The copy and the -wal file lie on one disk here.
    monkeypatch.setenv("SQLITE_TMPDIR", str(emptied.parent))
    monkeypatch.setattr(shutil, "disk_usage", free(2 * size - 1))
    with pytest.raises(NoRoomError, match="leave out --vacuum"):
        vacuum.vacuum_file(emptied)
    assert emptied.stat().st_size == size
    monkeypatch.setattr(shutil, "disk_usage", free(2 * size))
    vacuum.vacuum_file(emptied)
    assert emptied.stat().st_size < size


def test_temporary_files_go_where_sqlite_may_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path / "missing"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert vacuum.temporary_directory() == tmp_path
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path.parent))
    assert vacuum.temporary_directory() == tmp_path.parent


def test_postgresqls_tables_are_vacuumed_and_the_next_statement_has_its_limit(
    postgresql_database: Database,
) -> None:
    vacuum.vacuum_tables(postgresql_database)
    with postgresql_database.engine.connect() as connection:
        limit = connection.exec_driver_sql("SHOW statement_timeout").scalar_one()
    assert limit == "20s"
