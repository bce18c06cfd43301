"""The database's revision: what it is, what it must be, and the way there (Alembic)."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from service.errors import SchemaError
from service.storage.database import Database


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "migrations:")
    config.set_main_option("path_separator", "os")
    return config


def head() -> str:
    """Return the revision that this version needs."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise RuntimeError("the package holds no migrations")
    return revision


def current(database: Database) -> str | None:
    """Return the database's revision, None when it is empty."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the database to a revision; all at once where it can (PostgreSQL, SQLite)."""
    config = _config()
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()


def downgrade(database: Database, revision: str) -> None:
    """Take the database back to an earlier revision, "base" for empty. Data is lost."""
    config = _config()
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
        connection.commit()


def check(database: Database) -> None:
    """Raise unless the database is at the revision that this version needs.

    Raises:
        SchemaError: Naming both revisions and the remedy.
    """
    found, needed = current(database), head()
    if found != needed:
        raise SchemaError(found, needed)
