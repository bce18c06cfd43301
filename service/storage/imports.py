"""Queries on imports: how far each is, or how it ended."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.orm import Session

from service import clock
from service.errors import NotFoundError
from service.records import Import, Json
from service.states import ImportState
from service.storage.rows import to_value
from service.storage.tables import ImportRow


def insert(session: Session, *, name: str, stage: str, workspace: str, key: str | None) -> Import:
    """Store a new import, RUNNING."""
    row = ImportRow(
        name=name,
        state=ImportState.RUNNING,
        stage=stage,
        n_done=0,
        n_total=None,
        workspace=workspace,
        key=key,
        created_at=clock.now(),
    )
    session.add(row)
    session.flush()
    return to_value(Import, row)


def get(session: Session, import_id: int) -> Import:
    """Return an import.

    Raises:
        NotFoundError: There is none.
    """
    row = session.get(ImportRow, import_id)
    if row is None:
        raise NotFoundError("import", import_id)
    return to_value(Import, row)


def page(session: Session, *, limit: int, before: int | None = None) -> list[Import]:
    """Return the newest imports first, at most `limit`, those with an id below `before`."""
    query = select(ImportRow).order_by(ImportRow.id.desc()).limit(limit)
    if before is not None:
        query = query.where(ImportRow.id < before)
    return [to_value(Import, row) for row in session.scalars(query)]


def running(session: Session, key: str | None = None) -> list[Import]:
    """Return the imports whose row says RUNNING, the oldest first; with a key, those of it."""
    query = select(ImportRow).where(ImportRow.state == ImportState.RUNNING)
    if key is not None:
        query = query.where(ImportRow.key == key)
    return [to_value(Import, row) for row in session.scalars(query.order_by(ImportRow.id))]


def advance(
    session: Session, import_id: int, stage: str, n_done: int, n_total: int | None
) -> bool:
    """Store how far an import is; return whether it is still RUNNING."""
    return _change(session, import_id, stage=stage, n_done=n_done, n_total=n_total)


def succeed(session: Session, import_id: int, dataset_id: int) -> bool:
    """End an import with its set; return whether it was still RUNNING."""
    return _end(session, import_id, state=ImportState.SUCCEEDED, dataset_id=dataset_id)


def fail(session: Session, import_id: int, problem: Json) -> None:
    """End an import with the reason, if it is still RUNNING."""
    _end(session, import_id, state=ImportState.FAILED, problem=problem)


def lose(session: Session, import_id: int) -> None:
    """End an import whose process has ended, if it is still RUNNING."""
    _end(session, import_id, state=ImportState.LOST)


def _end(session: Session, import_id: int, **values: Any) -> bool:
    return _change(session, import_id, **values, ended_at=clock.now())


def _change(session: Session, import_id: int, **values: Any) -> bool:
    where = (ImportRow.id == import_id, ImportRow.state == ImportState.RUNNING)
    done = session.execute(update(ImportRow).where(*where).values(**values))
    return cast("CursorResult[Any]", done).rowcount == 1


def remove(session: Session, import_id: int) -> Import:
    """Remove an import's row, and return it as it was at that moment.

    Raises:
        NotFoundError: There is none.
    """
    query = select(ImportRow).where(ImportRow.id == import_id).with_for_update()
    row = session.scalars(query).one_or_none()
    if row is None:
        raise NotFoundError("import", import_id)
    found = to_value(Import, row)
    session.delete(row)
    return found


def has_ended(session: Session, before: datetime) -> bool:
    """Whether an import ended before a time."""
    query = select(ImportRow.id).where(ImportRow.ended_at < before).limit(1)
    return session.scalar(query) is not None


def remove_ended(session: Session, before: datetime) -> None:
    """Remove the rows of imports that ended before a time."""
    session.execute(delete(ImportRow).where(ImportRow.ended_at < before))
