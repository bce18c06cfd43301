"""Response models of campaigns."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from api.schemas.base import ErrorOut, Json, Out
from api.schemas.estimates import IntervalOut, MoneyOut
from service.states import JobState


class CampaignSummaryOut(Out):
    """A campaign in a list."""

    id: int
    name: str
    created_at: datetime
    n_cells: int
    n_open: int = Field(description="Cells whose jobs have not ended.")
    fraction: float = Field(ge=0, le=1, description="Share of the cells whose jobs have ended.")
    counts: dict[str, int] = Field(
        description="Cells by the state of their job; DELETED counts those whose job was deleted."
    )


class CampaignCellOut(Out):
    """A cell of a campaign: its settings, and its job."""

    index: int = Field(description="Its place in the campaign, from 0.")
    settings: Json = Field(description="Its values, by the path of the field in the spec.")
    job_id: int | None = Field(description="Null once its job was deleted.")
    state: JobState | None
    error: ErrorOut | None


class CampaignOut(CampaignSummaryOut):
    """A campaign with its cells."""

    base: Json = Field(description="The spec that all its jobs share.")
    matrix: dict[str, list[Any]] = Field(description="The values of each path.")
    cells: list[CampaignCellOut]


class CampaignEstimateOut(Out):
    """The cost of a campaign; unknown figures are null."""

    state: Literal["ready", "measuring", "failed"]
    detail: str | None = Field(description="Why it is not ready.")
    n_cells: int
    n_trainings: int = Field(description="At most.")
    n_shared: int = Field(description="Of these, those that cells may share: done once.")
    work_s: IntervalOut | None = Field(
        description="All trainings together; the lower end is without the shared ones."
    )
    time_s: IntervalOut | None = Field(
        description="From start to end, all workers free for this campaign."
    )
    n_workers: int | None
    money: MoneyOut | None
    warnings: list[str]
