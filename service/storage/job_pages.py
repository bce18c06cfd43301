"""Pages of jobs: filtered, in one of several orders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from unicodedata import normalize

from sqlalchemy import ColumnElement, func, or_, select, tuple_
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


@dataclass(frozen=True, slots=True)
class JobPlace:
    """A job's place in an order: its id, and what it is ordered by unless that is the id.

    It says where to go on also once the job was deleted.
    """

    id: int
    key: str = ""

    def __str__(self) -> str:
        """Return it as a cursor: the id, a comma and the key, or the id alone."""
        return f"{self.id},{self.key}" if self.key else str(self.id)

    @classmethod
    def of(cls, cursor: str) -> JobPlace:
        """Read a cursor that begins with a number."""
        number, _, key = cursor.partition(",")
        return cls(int(number), key)


def page(
    session: Session,
    wanted: JobFilter = ALL,
    *,
    limit: int,
    order: JobOrder = JobOrder.NEWEST,
    after: JobPlace | None = None,
) -> list[Job]:
    """Return the next jobs of an order, at most `limit`.

    Args:
        session: In a transaction.
        wanted: Which jobs.
        limit: At most so many.
        order: Jobs that are equal in it are ordered by their ids.
        after: Of the last job seen, whether it was deleted since or not.
    """
    keys = _KEYS[order]
    is_rising = order in {JobOrder.OLDEST, JobOrder.NAME}
    query = select(JobRow).where(JobRow.state != DELETED, *_conditions(wanted))
    query = query.order_by(*(key if is_rising else key.desc() for key in keys)).limit(limit)
    if after is not None:
        place = tuple_(*keys)
        seen = tuple_(*_seen(order, after))
        query = query.where(place > seen if is_rising else place < seen)
    return [to_value(Job, row) for row in session.scalars(query)]


def place_of(job: Job, order: JobOrder) -> JobPlace:
    """Return a job's place in an order."""
    if order is JobOrder.NAME:
        return JobPlace(job.id, job.name)
    if order is JobOrder.FINISHED and job.finished_at is not None:
        return JobPlace(job.id, job.finished_at.isoformat())
    return JobPlace(job.id)


_BY_ID = (JobRow.id,)
_KEYS: dict[JobOrder, tuple[Any, ...]] = {
    JobOrder.NEWEST: _BY_ID,
    JobOrder.OLDEST: _BY_ID,
    JobOrder.NAME: (func.lower(JobRow.name), JobRow.id),
    JobOrder.FINISHED: (func.coalesce(JobRow.finished_at, _NOT_ENDED), JobRow.id),
}


def _seen(order: JobOrder, place: JobPlace) -> tuple[Any, ...]:
    """Return the values of an order's keys at a place."""
    if order is JobOrder.NAME:
        return func.lower(place.key), place.id
    if order is JobOrder.FINISHED:
        return _moment(place.key), place.id
    return (place.id,)


def _moment(key: str) -> datetime:
    """Return the end of a job from its place; "" is that of one that has not ended."""
    try:
        found = datetime.fromisoformat(key) if key else _NOT_ENDED
    except ValueError:
        return _NOT_ENDED
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


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
        yield JobRow.id.in_(
            select(JobTagRow.job_id).where(JobTagRow.tag == normalize("NFC", wanted.tag))
        )


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
