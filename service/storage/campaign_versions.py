"""What the answers about a campaign depend on: for the tags of answers, as `job_versions`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.errors import NotFoundError
from service.storage.campaign_tables import CampaignCellRow
from service.storage.events import NEWEST
from service.storage.recent import recently
from service.storage.tables import DELETED, JobRow


@dataclass(frozen=True, slots=True)
class CampaignVersion:
    """Two that are equal have the same answers, but for what depends on the clock.

    Attributes:
        n_cells: All cells.
        n_jobs: Those whose job was not deleted.
        n_eventful: Of these jobs those with an event; retention may remove all of an old job.
        sum_events: The ids of their last events, added up: each of them only rises.
    """

    n_cells: int
    n_jobs: int
    n_eventful: int
    sum_events: int


def campaign_version(session: Session, campaign_id: int) -> CampaignVersion:
    """Read what the answers about a campaign depend on, as `service.storage.recent` does.

    Raises:
        NotFoundError: There is no such campaign.
    """
    read = partial(_read, session, campaign_id)
    return recently(session, (CampaignVersion, campaign_id), read)


def _read(session: Session, campaign_id: int) -> CampaignVersion:
    own = CampaignCellRow
    query = (
        select(func.count(own.place), func.count(JobRow.id), func.count(NEWEST), func.sum(NEWEST))
        .outerjoin(JobRow, (JobRow.id == own.job_id) & (JobRow.state != DELETED))
        .where(own.campaign_id == campaign_id)
    )
    n_cells, *rest = session.execute(query).one()
    if not n_cells:
        raise NotFoundError("campaign", campaign_id)
    return CampaignVersion(n_cells, *(int(number or 0) for number in rest))
