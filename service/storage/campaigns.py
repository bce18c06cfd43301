"""Queries on campaigns and their cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, func, insert, select
from sqlalchemy import delete as delete_rows
from sqlalchemy.orm import Session

from service import clock
from service.errors import NotFoundError
from service.records import Json
from service.states import JobState
from service.storage.campaign_tables import CampaignCellRow, CampaignRow
from service.storage.jobs import WORKING
from service.storage.rows import to_value
from service.storage.tables import DELETED, JobRow

# Made once: making it takes longer than running it.
_OF_JOBS = (
    select(CampaignCellRow.job_id, CampaignRow.id, CampaignRow.name)
    .join(CampaignRow, CampaignRow.id == CampaignCellRow.campaign_id)
    .where(CampaignCellRow.job_id.in_(bindparam("wanted", expanding=True)))
)


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign.

    Attributes:
        base: The spec that its jobs share, as it was sent.
        matrix: The values of each path, in the order in which they were sent.
    """

    id: int
    name: str
    base: Json
    matrix: dict[str, list[Any]]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CampaignCell:
    """A cell of a campaign.

    Attributes:
        index: Its place in the campaign, from 0.
        settings: Its values by path.
        job_id: None once its job was deleted.
        state: That of its job.
        error: Why its job failed.
        spec: Its job's, where it was read.
        report: Its job's, where it was read and there is one.
    """

    index: int
    settings: Json
    job_id: int | None
    state: JobState | None
    error: Json | None
    spec: Json | None = None
    report: Json | None = None


def insert_campaign(
    session: Session,
    *,
    name: str,
    base: Mapping[str, Any],
    matrix: Mapping[str, Sequence[Any]],
    key: str | None,
    body_digest: str,
) -> Campaign:
    """Store a campaign without cells; the table refuses a key that another has."""
    row = CampaignRow(
        name=name,
        base=dict(base),
        matrix={path: list(values) for path, values in matrix.items()},
        key=key,
        body_digest=body_digest,
        created_at=clock.now(),
    )
    session.add(row)
    session.flush()
    return to_value(Campaign, row)


def insert_cells(
    session: Session, campaign_id: int, first: int, cells: Sequence[tuple[Json, int]]
) -> None:
    """Store cells, each as its settings and the id of its job, from the index `first` on."""
    rows = [
        {"campaign_id": campaign_id, "place": first + n, "settings": settings, "job_id": job_id}
        for n, (settings, job_id) in enumerate(cells)
    ]
    if rows:
        session.execute(insert(CampaignCellRow), rows)


def get(session: Session, campaign_id: int) -> Campaign:
    """Return a campaign.

    Raises:
        NotFoundError: There is none.
    """
    return to_value(Campaign, _row(session, campaign_id))


def lock(session: Session, campaign_id: int) -> Campaign:
    """Return a campaign and hold its row until the transaction ends.

    Raises:
        NotFoundError: There is none.
    """
    return to_value(Campaign, _row(session, campaign_id, is_locked=True))


def _row(session: Session, campaign_id: int, *, is_locked: bool = False) -> CampaignRow:
    query = select(CampaignRow).where(CampaignRow.id == campaign_id)
    row = session.scalars(query.with_for_update() if is_locked else query).one_or_none()
    if row is None:
        raise NotFoundError("campaign", campaign_id)
    return row


def with_key(session: Session, key: str) -> tuple[str, int] | None:
    """Return the digest of the body that came with a key and the campaign it made, or None."""
    columns = (CampaignRow.body_digest, CampaignRow.id)
    row = session.execute(select(*columns).where(CampaignRow.key == key)).one_or_none()
    return (row[0], row[1]) if row is not None else None


def set_matrix(
    session: Session, campaign_id: int, matrix: Mapping[str, Sequence[Any]]
) -> Campaign:
    """Store a campaign's matrix with further values."""
    row = _row(session, campaign_id)
    row.matrix = {path: list(values) for path, values in matrix.items()}
    session.flush()
    return to_value(Campaign, row)


def page(session: Session, *, limit: int, before: int | None = None) -> list[Campaign]:
    """Return the newest campaigns first, at most `limit`, those with an id below `before`."""
    query = select(CampaignRow).order_by(CampaignRow.id.desc()).limit(limit)
    if before is not None:
        query = query.where(CampaignRow.id < before)
    return [to_value(Campaign, row) for row in session.scalars(query)]


def cells_of(session: Session, campaign_id: int) -> list[CampaignCell]:
    """Return the cells of a campaign in their order, without reports."""
    return list(_cells(session, campaign_id))


def reported_cells(session: Session, campaign_id: int) -> Iterator[CampaignCell]:
    """Yield the cells of a campaign with the specs and reports of their jobs, one by one."""
    return _cells(session, campaign_id, JobRow.spec, JobRow.report)


def _cells(session: Session, campaign_id: int, *more: Any) -> Iterator[CampaignCell]:
    own = CampaignCellRow
    columns = (own.place, own.settings, JobRow.id, JobRow.state, JobRow.error)
    query = (
        select(*columns, *more)
        .outerjoin(JobRow, and_(JobRow.id == own.job_id, JobRow.state != DELETED))
        .where(own.campaign_id == campaign_id)
        .order_by(own.place)
        .execution_options(yield_per=20)
    )
    for place, settings, job_id, state, *rest in session.execute(query):
        found = JobState(state) if state is not None else None
        yield CampaignCell(place, settings, job_id, found, *rest)


def n_cells(session: Session, campaign_id: int) -> int:
    """Return how many cells a campaign has."""
    query = select(func.count()).where(CampaignCellRow.campaign_id == campaign_id)
    return session.scalar(query) or 0


def counts(session: Session, ids: Sequence[int]) -> dict[int, Counter[JobState | None]]:
    """Return how many cells are in each state, by campaign; None counts those without a job."""
    own = CampaignCellRow
    query = (
        select(own.campaign_id, JobRow.state, func.count())
        .outerjoin(JobRow, and_(JobRow.id == own.job_id, JobRow.state != DELETED))
        .where(own.campaign_id.in_(ids))
        .group_by(own.campaign_id, JobRow.state)
    )
    found: dict[int, Counter[JobState | None]] = {one: Counter() for one in ids}
    for campaign_id, state, n in session.execute(query):
        found[campaign_id][JobState(state) if state is not None else None] += n
    return found


def job_ids(session: Session, campaign_id: int) -> list[int]:
    """Return the ids of a campaign's jobs, in the order of the cells."""
    own = CampaignCellRow
    query = (
        select(JobRow.id)
        .join(own, JobRow.id == own.job_id)
        .where(own.campaign_id == campaign_id, JobRow.state != DELETED)
        .order_by(own.place)
    )
    return list(session.scalars(query))


def delete(session: Session, campaign_id: int) -> None:
    """Delete a campaign with its cells; their jobs stay.

    Raises:
        NotFoundError: There is none.
    """
    _row(session, campaign_id, is_locked=True)
    own = CampaignCellRow
    session.execute(delete_rows(own).where(own.campaign_id == campaign_id))
    session.execute(delete_rows(CampaignRow).where(CampaignRow.id == campaign_id))


def open_jobs(session: Session, campaign_id: int) -> list[int]:
    """Return the ids of a campaign's jobs that have not ended, in the order of the cells."""
    own = CampaignCellRow
    query = (
        select(JobRow.id)
        .join(own, JobRow.id == own.job_id)
        .where(own.campaign_id == campaign_id, JobRow.state.in_(WORKING))
        .order_by(own.place)
    )
    return list(session.scalars(query))


def of_jobs(session: Session, job_ids: Sequence[int]) -> dict[int, tuple[int, str]]:
    """Return the id and the name of the campaign of each job that belongs to one."""
    found = session.execute(_OF_JOBS, {"wanted": list(job_ids)})
    return {job_id: (campaign_id, name) for job_id, campaign_id, name in found if job_id}
