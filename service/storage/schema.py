"""The database's schema: its present and required revision, upgrades and downgrades (Alembic)."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DatabaseError

from service.errors import (
    DensearchError,
    MigrationError,
    SchemaError,
    UnreachableRevisionError,
    UnreadableDatabaseError,
)
from service.storage import backups, migration, revisions
from service.storage.backups import Backup
from service.storage.database import Database
from service.storage.revisions import BASE, head

__all__ = ["Migrated", "check", "current", "downgrade", "head", "upgrade"]

_UNREADABLE = frozenset({sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT})


@dataclass(frozen=True, slots=True)
class Migrated:
    """What an upgrade or downgrade did: from which revision to which (None is empty).

    Attributes:
        backup: The copy of the SQLite file from before; None where it held nothing.
    """

    before: str | None
    after: str | None
    backup: Backup | None = None


def current(database: Database) -> str | None:
    """Return the database's revision, None when it is empty.

    Raises:
        UnusableSchemaError: It is of a newer version or another program.
        UnreadableDatabaseError: The file is no database.
    """
    with _readable(database), database.engine.connect() as connection:
        return revisions.found(connection)


def check(database: Database) -> None:
    """Raise unless the database is at the revision that this version needs.

    Raises:
        SchemaError: Naming both revisions and the remedy.
        UnreadableDatabaseError: The file is no database.
    """
    found, needed = current(database), head()
    if found != needed:
        raise SchemaError(found, needed)


def upgrade(database: Database, revision: str = "head", *, with_backup: bool = True) -> Migrated:
    """Bring the database to a later revision, completely or not at all.

    Args:
        database: Of any revision that this version knows, or empty.
        revision: Where to stop; "head" is the last one, "+1" the next.
        with_backup: Whether a SQLite file is copied first, unless it is empty.

    Raises:
        UnusableSchemaError: It is of a newer version or another program.
        UnreachableRevisionError: There is no such revision, or the database is past it.
        BackupError: The copy could not be made.
        DatabaseBusyError: Other processes write to it all the time.
        MigrationError: A revision failed; the database is as before.
    """
    return _move(database, revision, command.upgrade, with_backup=with_backup)


def downgrade(database: Database, revision: str, *, with_backup: bool = True) -> Migrated:
    """Take the database back to an earlier revision; data that it cannot hold is deleted.

    Arguments and errors are those of `upgrade`; the revision "base" is an empty database, "-1" the
    one before.
    """
    return _move(database, revision, command.downgrade, with_backup=with_backup)


def _move(
    database: Database,
    target: str,
    move: Callable[[Config, str], None],
    *,
    with_backup: bool,
) -> Migrated:
    before = current(database)
    target = revisions.resolve(before, target)
    backup: Backup | None = None
    if _is_there(before, target, move):
        _settle_copies(database, before)
        return Migrated(before, before)  # without waiting for anyone's lock
    try:
        with _readable(database), migration.transaction(database) as connection:
            before = revisions.found(connection)  # another process may have been faster
            if (file := backups.file_of(connection)) is not None:
                backups.settle(file, before, is_locked=True)
            if _is_there(before, target, move):
                return Migrated(before, before)
            backup = _backup(connection, before) if with_backup else None
            config = revisions.config()
            config.attributes["connection"] = connection
            move(config, target)
    except Exception as error:
        _discard(backup, database, before)
        if isinstance(error, DensearchError):
            raise
        raise MigrationError(before, target, _reason(error)) from error
    return Migrated(before, None if target == BASE else target, backup and backups.finish(backup))


def _is_there(found: str | None, target: str, move: Callable[[Config, str], None]) -> bool:
    """Whether nothing is to be done; raises where `target` lies in the other direction."""
    known = (BASE, *revisions.known())
    at = revisions.index(found)
    choices = known[at + 1 :] if move is command.upgrade else known[:at]
    if target not in choices and target != known[at]:
        raise UnreachableRevisionError(found, target, choices)
    return target == known[at]


def _settle_copies(database: Database, revision: str | None) -> None:
    """Give a copy its final name if the process that made it was killed after its commit."""
    with database.engine.connect() as connection:
        file = backups.file_of(connection)
    if file is not None:
        backups.settle(file, revision, is_locked=False)


def _backup(connection: Connection, revision: str | None) -> Backup | None:
    file = backups.file_of(connection)
    if file is None or revision is None or not backups.is_wanted(connection):
        return None
    return backups.make(connection, file, revision)


def _discard(backup: Backup | None, database: Database, before: str | None) -> None:
    """Delete the copy of an unchanged file: one for each attempt would fill the disk."""
    with contextlib.suppress(Exception):  # then the copy stays
        if backup is not None and current(database) == before:
            backup.path.unlink()


def _reason(error: Exception) -> str:
    """Return an error in one line, without the statement that SQLAlchemy appends."""
    lines = str(getattr(error, "orig", None) or error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


@contextmanager
def _readable(database: Database) -> Iterator[None]:
    """Return the error for a file that SQLite cannot read, with the copy that could replace it."""
    try:
        yield
    except DatabaseError as error:
        if getattr(error.orig, "sqlite_errorcode", 0) & 0xFF not in _UNREADABLE:
            raise
        file = Path(str(database.url.database)).absolute()
        backup = revisions.usable_backup(file)
        name = backup.path.name if backup else None
        raise UnreadableDatabaseError(str(file), _reason(error), name) from error
