"""Freeing the space of removed rows: VACUUM on SQLite and PostgreSQL."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from service.errors import NoRoomError
from service.storage.database import Database

# Directories in which SQLite makes its copy, in the order of its source, os_unix.c.
_TEMPORARY = ("/var/tmp", "/usr/tmp", "/tmp", ".")  # noqa: S108 - SQLite's choice, not ours
# Tables that lose many rows, or large ones, by retention and with deleted jobs.
SHRINKING = (
    *("events", "measurements", "idempotency_keys", "calibrations"),
    *("trials", "attempts", "claims", "item_losses"),
)


def vacuum_file(file: Path) -> None:
    """Rewrite a SQLite file without its unused pages; no other process may have it open.

    Raises:
        NoRoomError: The copy that is made first, or the -wal file, would not fit.
    """
    needed = file.stat().st_size
    places = [file.absolute().parent, temporary_directory()]
    is_one = places[0].stat().st_dev == places[1].stat().st_dev
    for place in places[: 1 if is_one else 2]:
        _require(place, needed * (2 if is_one else 1))
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def temporary_directory() -> Path:
    """Return where SQLite makes its temporary files."""
    named = (os.environ.get(name) for name in ("SQLITE_TMPDIR", "TMPDIR"))
    places = [Path(place) for place in (*named, *_TEMPORARY) if place]
    return next((place for place in places if os.access(place, os.W_OK | os.X_OK)), places[-1])


def _require(place: Path, needed_bytes: int) -> None:
    free = shutil.disk_usage(place).free
    if free < needed_bytes:
        raise NoRoomError(str(place), free, needed_bytes, "free some space, or leave out --vacuum")


def vacuum_tables(database: Database) -> None:
    """Let PostgreSQL reuse the space of removed rows and update its table statistics."""
    engine = database.patient.execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("SET statement_timeout = 0")
        connection.exec_driver_sql(f"VACUUM (ANALYZE) {', '.join(SHRINKING)}")
        connection.detach()  # its timeout must not reach other users
