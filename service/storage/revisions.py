"""Revisions: which this version knows, and which one a database has."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection

from service.errors import ForeignDatabaseError, NewerSchemaError, UnclearRevisionError
from service.storage import backups
from service.storage.backups import Backup

VERSION_TABLE = "alembic_version"
BASE = "base"
# Tables of an extension (PostGIS, pg_stat_statements) do not count as another program's.
_POSTGRESQL_TABLES = """
SELECT c.relname FROM pg_catalog.pg_class c
WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace
AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
"""


def config() -> Config:
    """Return Alembic's configuration: where the revisions are."""
    made = Config()
    made.set_main_option("script_location", "migrations:")
    made.set_main_option("path_separator", "os")
    return made


@cache
def known() -> tuple[str, ...]:
    """Return every revision that this version knows, oldest first."""
    script = ScriptDirectory.from_config(config())
    found = tuple(step.revision for step in script.walk_revisions())[::-1]
    if not found:
        raise RuntimeError("the package holds no migrations")
    return found


def head() -> str:
    """Return the revision that this version needs."""
    return known()[-1]


def index(revision: str | None) -> int:
    """Return how many revisions lead to this one; 0 for None and ``base``."""
    return 0 if revision in {None, BASE} else known().index(str(revision)) + 1


def resolve(found: str | None, name: str) -> str:
    """Return the revision that ``head`` or a step such as ``-1`` means; other names are kept."""
    if name == "head":
        return head()
    is_step = name[:1] in {"+", "-"} and name[1:].isdecimal()
    at = index(found) + int(name) if is_step else -1
    every = (BASE, *known())
    return every[at] if 0 <= at < len(every) else name


def found(connection: Connection) -> str | None:
    """Return the database's revision, None when it is empty.

    Raises:
        ForeignDatabaseError: It holds tables of another program.
        UnclearRevisionError: It names no revision, or several.
        NewerSchemaError: This version does not know the revision.
    """
    tables = _tables(connection)
    if VERSION_TABLE not in tables:
        if tables:
            raise ForeignDatabaseError(tables, head())
        return None
    rows = connection.scalars(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608
    revisions = sorted(rows.all())
    if not revisions and tables == [VERSION_TABLE]:
        return None  # after a downgrade to nothing
    if len(revisions) != 1:
        raise UnclearRevisionError(revisions, head())
    (revision,) = revisions
    if revision not in known():
        raise _unknown(connection, revision, tables)
    return str(revision)


def _tables(connection: Connection) -> list[str]:
    if connection.dialect.name == "postgresql":
        return sorted(connection.scalars(text(_POSTGRESQL_TABLES)))
    return sorted(inspect(connection).get_table_names())


def _unknown(
    connection: Connection, revision: str, tables: Sequence[str]
) -> ForeignDatabaseError | NewerSchemaError:
    if "jobs" not in tables:  # another program that uses Alembic
        return ForeignDatabaseError(tables, head())
    file = backups.file_of(connection)
    backup = usable_backup(file) if file else None
    return NewerSchemaError(revision, head(), backup.path.name if backup else None)


def usable_backup(file: Path) -> Backup | None:
    """Return the newest copy of a database's file that this version can read or upgrade."""
    return next((copy for copy in backups.of(file) if copy.revision in known()), None)
