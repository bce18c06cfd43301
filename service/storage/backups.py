"""Copies of a SQLite file before its schema changes: each is complete or does not exist.

A copy gets its final name after the commit. Until then it is a draft, `NAME.draft`. After a kill
`settle` finds out whether the change was committed, and keeps or removes the draft: otherwise a
server that is killed and restarted in a loop would fill the disk.
"""

from __future__ import annotations

import contextlib
import glob
import os
import re
import shlex
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection

from service import clock
from service.durability import sync
from service.errors import BackupError

TIME = "%Y%m%dT%H%M%SZ"
_NAME = r"-(?P<revision>\w+)-(?P<time>\d{8}T\d{6}Z)(?:-(?P<n>\d+))?"
_DRAFT = ".draft"
# Tables that a server writes at its start, and the revision: not worth a copy.
_TRIFLES = frozenset({"alembic_version", "dispatchers"})


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy of the database in `file`: its revision, and when it was made (UTC, as in `TIME`)."""

    path: Path
    file: Path
    revision: str
    time: str

    @property
    def way_back(self) -> str:
        """The shell command that replaces the database's file by the copy."""
        return way_back(self.file, self.path)


def way_back(file: Path, copy: Path) -> str:
    """Return the shell command that replaces a database's file by a copy."""
    wal, shm, main = (shlex.quote(f"{file}{ending}") for ending in ("-wal", "-shm", ""))
    return f"rm -f {wal} {shm} && cp {shlex.quote(str(copy))} {main}"


def file_of(connection: Connection) -> Path | None:
    """Return the file of a SQLite database; None for one in memory, and for PostgreSQL."""
    if connection.dialect.name != "sqlite":
        return None
    # As bytes: a path need not be UTF-8.
    name = connection.exec_driver_sql(
        "SELECT CAST(file AS BLOB) FROM pragma_database_list WHERE name = 'main'"
    ).scalar_one()
    return Path(os.fsdecode(name)) if name else None


def of(file: Path) -> list[Backup]:
    """Return the copies of a database's file: those named after it, the newest first."""
    return _named(file, "")


def _named(file: Path, ending: str) -> list[Backup]:
    wanted = f"{re.escape(file.stem)}{_NAME}{re.escape(file.suffix + ending)}"
    places = file.parent.glob(f"{glob.escape(file.stem)}-*")
    names = ((path, re.fullmatch(wanted, path.name)) for path in places)
    found = [(path, name) for path, name in names if name]
    found.sort(key=lambda pair: (pair[1]["time"], int(pair[1]["n"] or 1)), reverse=True)
    return [Backup(path, file, name["revision"], name["time"]) for path, name in found]


def is_wanted(connection: Connection) -> bool:
    """Whether the database holds anything whose loss a user would notice."""
    preparer = connection.dialect.identifier_preparer
    names = (n for n in inspect(connection).get_table_names() if n not in _TRIFLES)
    return any(
        connection.scalar(text(f"SELECT EXISTS (SELECT 1 FROM {preparer.quote(name)})"))  # noqa: S608 - names of tables
        for name in names
    )


def make(connection: Connection, file: Path, revision: str) -> Backup:
    """Draft a copy of a database: ``densearch-<revision>-<time>.sqlite3`` for densearch.sqlite3.

    Args:
        connection: Holds the write lock, so that the copy equals the migration's starting point.
            It has written nothing yet.
        file: The database's file.
        revision: The database's revision.

    Returns:
        The draft: complete, on the disk, readable by its owner alone; `finish` gives it its name.

    Raises:
        BackupError: No room, no right to write, or the file cannot be read.
    """
    part = file.with_name(f"{file.name}.backup-part")  # one for each file: we hold its lock
    try:
        part.unlink(missing_ok=True)  # of a copy that was killed
        _require_space(connection, file.parent)
        _write(file, part)
        time = clock.now().strftime(TIME)
        draft = _draft_of(_free_name(file, f"-{revision}-{time}"))
        part.rename(draft)
        sync(file.parent)
    except (OSError, sqlite3.Error) as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise BackupError(str(file.parent), str(reason)) from error
    return Backup(draft, file, revision, time)


def finish(draft: Backup) -> Backup:
    """Give a copy its final name, after the commit of the change that it was made for."""
    named = replace(draft, path=draft.path.with_name(draft.path.name.removesuffix(_DRAFT)))
    try:
        draft.path.rename(named.path)
        sync(named.path.parent)
    except OSError:  # `settle` tries again
        return named if named.path.exists() else draft
    return named


def settle(file: Path, revision: str | None, *, is_locked: bool) -> None:
    """Finish the drafts whose change was committed, remove those whose change was not.

    Args:
        file: The database's.
        revision: Its present one, which differs from the draft's once the change was committed.
        is_locked: Whether this process holds the database's lock. Otherwise a change may be in
            progress, and the drafts of the present revision stay.
    """
    for draft in _named(file, _DRAFT):
        if draft.revision != revision:
            finish(draft)
        elif is_locked:
            with contextlib.suppress(OSError):
                draft.path.unlink()


def _require_space(connection: Connection, directory: Path) -> None:
    """Raise unless the disk has space for the copy and as much again for the migration."""
    pages, unused, page_bytes = (
        connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
        for name in ("page_count", "freelist_count", "page_size")
    )
    needed, free = 2 * (pages - unused) * page_bytes, shutil.disk_usage(directory).free
    if needed > free:
        raise BackupError(
            str(directory),
            f"copy and migration need {needed:,} bytes, and {free:,} are free: free some space",
        )


def _write(file: Path, part: Path) -> None:
    # VACUUM INTO fills an empty file; created here, it is private from the start.
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    # Another connection: VACUUM cannot run in our transaction; it reads the last commit.
    with closing(sqlite3.connect(file, isolation_level=None)) as reader:
        reader.execute("VACUUM INTO CAST(? AS TEXT)", [os.fsencode(part)])
    sync(part)


def _free_name(file: Path, tail: str) -> Path:
    n = 1
    while (path := file.with_name(f"{file.stem}{tail}{_nth(n)}{file.suffix}")).exists():
        n += 1
    return path


def _nth(n: int) -> str:
    return f"-{n}" if n > 1 else ""


def _draft_of(path: Path) -> Path:
    return path.with_name(f"{path.name}{_DRAFT}")
