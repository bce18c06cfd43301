"""Queries on stored data sets."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select, text
from sqlalchemy.orm import Session

from service import clock
from service.errors import NotFoundError
from service.records import STORED, Dataset
from service.storage.jobs import WORKING
from service.storage.rows import to_value
from service.storage.statements import is_postgresql
from service.storage.tables import DatasetRow, JobRow


def lock(session: Session) -> None:
    """Lock the table until the transaction ends: changes of files and rows are serialised.

    On SQLite a writing transaction does so anyway.
    """
    if is_postgresql(session):
        session.execute(text("LOCK TABLE datasets IN SHARE ROW EXCLUSIVE MODE"))


def insert(session: Session, **values: Any) -> Dataset:
    """Store a new set's row."""
    row = DatasetRow(**values, created_at=clock.now())
    session.add(row)
    session.flush()
    return to_value(Dataset, row)


def get(session: Session, dataset_id: int) -> Dataset:
    """Return a set.

    Raises:
        NotFoundError: There is none.
    """
    return _found(session, dataset_id, select(DatasetRow))


def hold(session: Session, dataset_id: int) -> Dataset:
    """Like `get`; the set cannot be deleted until the transaction ends."""
    return _found(session, dataset_id, select(DatasetRow).with_for_update(read=True))


def take(session: Session, dataset_id: int) -> Dataset:
    """Like `get`, once nobody holds the set; nobody can until the transaction ends."""
    return _found(session, dataset_id, select(DatasetRow).with_for_update())


def _found(session: Session, dataset_id: int, query: Select[DatasetRow]) -> Dataset:
    row = session.scalars(query.where(DatasetRow.id == dataset_id)).one_or_none()
    if row is None:
        raise NotFoundError("data set", dataset_id)
    return to_value(Dataset, row)


def page(session: Session, *, limit: int, before: int | None = None) -> list[Dataset]:
    """Return the newest sets first, at most `limit`, those with an id below `before`."""
    query = select(DatasetRow).order_by(DatasetRow.id.desc()).limit(limit)
    if before is not None:
        query = query.where(DatasetRow.id < before)
    return [to_value(Dataset, row) for row in session.scalars(query)]


def delete(session: Session, dataset_id: int) -> None:
    """Remove a set's row; the caller has seen that it is there."""
    session.delete(session.get_one(DatasetRow, dataset_id))
    session.flush()


def find(session: Session, sha256: str, name: str) -> Dataset | None:
    """Return the oldest set of this content and name; None if there is none."""
    query = select(DatasetRow).where(DatasetRow.sha256 == sha256, DatasetRow.name == name)
    row = session.scalars(query.order_by(DatasetRow.id).limit(1)).one_or_none()
    return None if row is None else to_value(Dataset, row)


def is_kept(session: Session, sha256: str) -> bool:
    """Whether any set has this content."""
    query = select(DatasetRow.id).where(DatasetRow.sha256 == sha256).limit(1)
    return session.scalar(query) is not None


def users_of(session: Session, dataset_id: int) -> list[int]:
    """Return the ids of the unfinished jobs whose task names this set."""
    named = JobRow.spec["task"]["dataset"].as_string() == f"{STORED}:{dataset_id}"
    query = select(JobRow.id).where(JobRow.state.in_(WORKING), named).order_by(JobRow.id)
    return list(session.scalars(query))
