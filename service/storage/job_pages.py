"""Pages of jobs: filtered, in one of several orders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, func, or_, select, tuple_
from sqlalchemy.orm import Session

from service.records import Job
from service.states import JobState, Role
from service.storage.rows import to_value
from service.storage.tables import DELETED, JobRow, JobTagRow, StudyRow

# Where jobs are ordered by their end, those that have not ended come first.
_NOT_ENDED = datetime(9999, 1, 1, tzinfo=UTC)
MAX_ID = 2**63 - 1


class JobOrder(StrEnum):
    """An order of jobs."""

    NEWEST = "newest"
    OLDEST = "oldest"
    NAME = "name"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs are wanted: those that fit everything that is given.

    Attributes:
        name: The whole name.
        text: A part of the name, of the note or of a tag, or the number. Case does not matter; on
            SQLite that holds for the letters A to Z.
        task: Kind of task.
        dataset: As in the spec: a name, or ``stored:`` with a number.
        sampler: One of the job's samplers.
        tag: A whole tag.
    """

    state: JobState | None = None
    name: str | None = None
    text: str | None = None
    task: str | None = None
    dataset: str | None = None
    sampler: str | None = None
    tag: str | None = None


ALL = JobFilter()


def page(
    session: Session,
    wanted: JobFilter = ALL,
    *,
    limit: int,
    order: JobOrder = JobOrder.NEWEST,
    after: int | None = None,
) -> list[Job]:
    """Return the next jobs of an order, at most `limit`.

    Args:
        session: In a transaction.
        wanted: Which jobs.
        limit: At most so many.
        order: Jobs that are equal in it are ordered by their ids.
        after: Id of the last job seen. By name the list begins again where that job has been
            deleted since, by end where its row was removed, too.
    """
    keys = _KEYS[order]
    is_rising = order in {JobOrder.OLDEST, JobOrder.NAME}
    query = select(JobRow).where(JobRow.state != DELETED, *_conditions(wanted))
    query = query.order_by(*(key if is_rising else key.desc() for key in keys)).limit(limit)
    seen = _seen(session, keys, after)
    if seen is not None:
        place = tuple_(*keys)
        query = query.where(place > tuple_(*seen) if is_rising else place < tuple_(*seen))
    return [to_value(Job, row) for row in session.scalars(query)]


_BY_ID = (JobRow.id,)
_KEYS: dict[JobOrder, tuple[Any, ...]] = {
    JobOrder.NEWEST: _BY_ID,
    JobOrder.OLDEST: _BY_ID,
    JobOrder.NAME: (func.lower(JobRow.name), JobRow.id),
    JobOrder.FINISHED: (func.coalesce(JobRow.finished_at, _NOT_ENDED), JobRow.id),
}


def _seen(
    session: Session, keys: tuple[Any, ...], after: int | None
) -> Row[Any] | tuple[int] | None:
    """Return the keys of the last job seen: its id is known even if it is gone."""
    if after is None or keys is _BY_ID:
        return None if after is None else (after,)
    query = select(*keys).where(JobRow.id == after)
    return session.execute(query).one_or_none()


def _conditions(wanted: JobFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.state is not None:
        yield JobRow.state == wanted.state
    if wanted.name is not None:
        yield JobRow.name == wanted.name
    if wanted.text is not None:
        yield _mentions(wanted.text)
    if wanted.task is not None:
        yield JobRow.spec[("task", "kind")].as_string() == wanted.task
    if wanted.dataset is not None:
        yield JobRow.spec[("task", "dataset")].as_string() == wanted.dataset
    if wanted.sampler is not None:
        own = select(StudyRow.id).where(StudyRow.job_id == JobRow.id)
        yield own.where(StudyRow.role == Role.SEARCH, StudyRow.sampler == wanted.sampler).exists()
    if wanted.tag is not None:
        yield JobRow.id.in_(select(JobTagRow.job_id).where(JobTagRow.tag == wanted.tag))


def _mentions(text: str) -> ColumnElement[bool]:
    tagged = select(JobTagRow.job_id).where(JobTagRow.tag.icontains(text, autoescape=True))
    number = text.removeprefix("#")
    is_number = number.isascii() and number.isdecimal() and int(number) <= MAX_ID
    return or_(
        JobRow.name.icontains(text, autoescape=True),
        JobRow.note.icontains(text, autoescape=True),
        JobRow.id.in_(tagged),
        *([JobRow.id == int(number)] if is_number else []),
    )
