"""Fixtures: a revision after the newest one, and databases of the first one with rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.config import Config

import migrations
from service.storage import revisions
from service.storage.database import Database
from tests.support import filling

REVISION = """
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "9999", "{head}", None, None
def upgrade():
    {upgrade}
def downgrade():
    {downgrade}
"""
AddRevision = Callable[..., str]


@pytest.fixture
def add_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AddRevision]:
    """Give a function that adds the revision 9999, made of these lines, after the newest one."""
    versions, real = tmp_path / "versions", revisions.config

    def config() -> Config:
        made = real()
        folder = Path(migrations.__file__).with_name("versions")
        made.set_main_option("version_locations", f"{folder}:{versions}")
        return made

    def add(*upgrade: str, downgrade: tuple[str, ...] = ("pass",)) -> str:
        text = REVISION.format(
            head=revisions.head(),
            upgrade="\n    ".join(upgrade),
            downgrade="\n    ".join(downgrade),
        )
        versions.mkdir()
        (versions / "9999_of_a_test.py").write_text(text)
        monkeypatch.setattr(revisions, "config", config)
        revisions.known.cache_clear()
        return "9999"

    yield add
    revisions.known.cache_clear()


@pytest.fixture
def first(database: Database) -> tuple[Database, filling.Contents]:
    """A database of the first revision with rows in every table, and its content."""
    return database, filling.at(database, "0001")


@pytest.fixture
def first_sqlite(sqlite_database: Database) -> tuple[Database, filling.Contents]:
    return sqlite_database, filling.at(sqlite_database, "0001")
