"""What the answers about a job, or about all of them, depend on: for the tags of answers.

Whatever changes an answer about a job announces an event of it in the same transaction, with these
exceptions, each with a field of its own: where its searches were stopped, its campaign, the
deletion of a job whose result it took or with which it was pooled, that of the set of its samples,
and retention, which removes the oldest events together with measurements.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial
from typing import Any

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session, aliased

from service.errors import NotFoundError
from service.states import JobState
from service.storage.campaign_tables import CampaignCellRow
from service.storage.events import NEWEST
from service.storage.recent import recently
from service.storage.tables import DELETED, DatasetRow, EventRow, JobRow, StudyRow


@dataclass(frozen=True, slots=True)
class JobVersion:
    """Two that are equal have the same answers, but for what depends on the clock.

    Attributes:
        waits_for: Why it makes no progress, as in `service.records.Job`.
        last_event_id: Of the job's events; `first_event_id` rises when retention removes some.
        n_stopped: Searches that were stopped; `sum_stopped` adds up after how many trials.
        n_jobs: Jobs of the database that are not deleted; `last_job_id` is the newest of them.
        n_before: Jobs that had succeeded when this one finished, and still have.
        n_datasets: Stored sets; `last_dataset_id` is the greatest id among them.
    """

    state: JobState
    waits_for: str | None
    first_event_id: int
    last_event_id: int
    n_stopped: int
    sum_stopped: int
    campaign_id: int
    n_jobs: int
    last_job_id: int
    n_before: int
    n_datasets: int
    last_dataset_id: int

    @property
    def is_final(self) -> bool:
        """Whether the job has ended."""
        return self.state.is_final

    def __str__(self) -> str:
        """Return all of it as text."""
        return repr([getattr(self, own.name) for own in fields(self)])


def _statement() -> Select[*tuple[Any, ...]]:
    other = aliased(JobRow)
    own_events = EventRow.job_id == JobRow.id
    own_studies = StudyRow.job_id == JobRow.id
    own_cells = CampaignCellRow.job_id == JobRow.id
    parts = (
        select(func.min(EventRow.id)).where(own_events),
        select(func.max(EventRow.id)).where(own_events),
        select(func.count(StudyRow.stopped_by)).where(own_studies),
        select(func.sum(StudyRow.stopped_at)).where(own_studies),
        select(func.max(CampaignCellRow.campaign_id)).where(own_cells),
        select(func.count()).where(other.state != DELETED),
        select(func.max(other.id)).where(other.state != DELETED),
        select(func.count()).where(
            other.state == JobState.SUCCEEDED, other.finished_at < JobRow.finished_at
        ),
        select(func.count()).select_from(DatasetRow),
        select(func.max(DatasetRow.id)),
    )
    numbers = [func.coalesce(part.scalar_subquery(), 0) for part in parts]
    query: Select[*tuple[Any, ...]] = select(JobRow.state, JobRow.waits_for, *numbers)
    return query.where(JobRow.id == bindparam("wanted"), JobRow.state != DELETED)


# Made once: making it takes longer than running it.
_STATEMENT = _statement()


def version_of(session: Session, job_id: int) -> JobVersion:
    """Read what the answers about a job depend on, as `service.storage.recent` does.

    Raises:
        NotFoundError: There is no such job.
    """
    return recently(session, (JobVersion, job_id), partial(_read, session, job_id))


def _read(session: Session, job_id: int) -> JobVersion:
    row = session.execute(_STATEMENT, {"wanted": job_id}).one_or_none()
    if row is None:
        raise NotFoundError("job", job_id)
    state, *rest = row
    return JobVersion(JobState(state), *rest)


# In a database of more jobs their list has no version: reading it would take longer than the list.
MOST_LISTED = 2_000


@dataclass(frozen=True, slots=True)
class ListVersion:
    """Two that are equal have the same lists of jobs, but for what depends on the clock.

    Attributes:
        n_jobs: Jobs that are not deleted; `last_job_id` is the newest of them.
        n_eventful: Of them those with an event; retention may remove all of an old job.
        sum_events: The ids of their last events, added up: each of them only rises. The last
            event of all is no substitute: PostgreSQL may commit an earlier one later.
        n_stopped: Searches that were stopped; `sum_stopped` adds up after how many trials.
        n_cells: Jobs of campaigns; `sum_cells` adds up their ids.
    """

    n_jobs: int
    last_job_id: int
    n_eventful: int
    sum_events: int
    n_stopped: int
    sum_stopped: int
    n_cells: int
    sum_cells: int


def list_version(session: Session) -> ListVersion | None:
    """Read what lists of jobs depend on, as `service.storage.recent` does.

    Returns:
        None in a database of more jobs than `MOST_LISTED`.
    """
    return recently(session, ListVersion, partial(_read_list, session))


def _read_list(session: Session) -> ListVersion | None:
    is_there = JobRow.state != DELETED
    n: int = session.execute(select(func.count()).where(is_there)).scalar_one()
    if n > MOST_LISTED:
        return None
    newest = func.count(NEWEST), func.sum(NEWEST)
    of_jobs = select(func.count(), func.max(JobRow.id), *newest).where(is_there)
    of_studies = select(func.count(StudyRow.stopped_by), func.sum(StudyRow.stopped_at))
    of_cells = select(func.count(CampaignCellRow.job_id), func.sum(CampaignCellRow.job_id))
    parts = (session.execute(query).one() for query in (of_jobs, of_studies, of_cells))
    return ListVersion(*(int(number or 0) for row in parts for number in row))
