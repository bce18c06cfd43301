"""How much room the database and the files that it names take."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from service.storage.tables import ArtifactRow, DatasetRow

_FILES = ("", "-wal", "-shm")


@dataclass(frozen=True, slots=True)
class Stored:
    """Files of one kind: those of equal content share one.

    Attributes:
        n: How many rows name one.
        n_bytes: On the disk.
    """

    n: int
    n_bytes: int


def database_bytes(session: Session) -> int:
    """Return the size of the database: SQLite's files, or what PostgreSQL says."""
    url = session.get_bind().engine.url
    if url.get_backend_name() == "sqlite":
        return sum(_size(Path(f"{url.database}{end}")) for end in _FILES)
    return int(session.scalar(text("SELECT pg_database_size(current_database())")) or 0)


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0


def datasets(session: Session) -> Stored:
    """Return the size of the stored data sets."""
    return _stored(session, DatasetRow.sha256, DatasetRow.n_bytes)


def artifacts(session: Session) -> Stored:
    """Return the size of the jobs' files; a deleted job's were removed."""
    is_kept = ArtifactRow.path != ""
    return _stored(session, ArtifactRow.sha256, ArtifactRow.n_bytes, is_kept)


def _stored(
    session: Session,
    content: InstrumentedAttribute[str],
    n_bytes: InstrumentedAttribute[int],
    *is_kept: ColumnElement[bool],
) -> Stored:
    each = select(func.count().label("n"), func.max(n_bytes).label("size")).where(*is_kept)
    once = each.group_by(content).subquery()
    n, size = session.execute(select(func.sum(once.c.n), func.sum(once.c.size))).one()
    return Stored(int(n or 0), int(size or 0))
