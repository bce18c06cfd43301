"""What the answers about a job depend on, read in one statement: for the tags of answers.

Whatever changes an answer about a job announces an event of it in the same transaction, with these
exceptions, each of which has a field of its own: its campaign, the deletion of a job whose result
it took or with which it was pooled, that of the set of its samples, and retention, which removes
the oldest events together with measurements.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from service.errors import NotFoundError
from service.states import JobState
from service.storage.campaign_tables import CampaignCellRow
from service.storage.tables import DELETED, DatasetRow, EventRow, JobRow


@dataclass(frozen=True, slots=True)
class JobVersion:
    """Two that are equal have the same answers, but for what depends on the clock.

    Attributes:
        last_event_id: Of the job's events; `first_event_id` rises when retention removes some.
        n_jobs: Jobs of the database that are not deleted; `last_job_id` is the newest of them.
        n_before: Jobs that had succeeded when this one finished, and still have.
        n_datasets: Stored sets; `last_dataset_id` is the greatest id among them.
    """

    state: JobState
    first_event_id: int
    last_event_id: int
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


def version_of(session: Session, job_id: int) -> JobVersion:
    """Read what the answers about a job depend on.

    Raises:
        NotFoundError: There is no such job.
    """
    other = aliased(JobRow)
    own_events = EventRow.job_id == JobRow.id
    query = select(
        JobRow.state,
        select(func.min(EventRow.id)).where(own_events).scalar_subquery(),
        select(func.max(EventRow.id)).where(own_events).scalar_subquery(),
        select(func.max(CampaignCellRow.campaign_id))
        .where(CampaignCellRow.job_id == JobRow.id)
        .scalar_subquery(),
        select(func.count()).where(other.state != DELETED).scalar_subquery(),
        select(func.max(other.id)).where(other.state != DELETED).scalar_subquery(),
        select(func.count())
        .where(other.state == JobState.SUCCEEDED, other.finished_at < JobRow.finished_at)
        .scalar_subquery(),
        select(func.count()).select_from(DatasetRow).scalar_subquery(),
        select(func.max(DatasetRow.id)).scalar_subquery(),
    ).where(JobRow.id == job_id, JobRow.state != DELETED)
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFoundError("job", job_id)
    state, *numbers = row
    return JobVersion(JobState(state), *(number or 0 for number in numbers))
