"""Campaigns and their reports, as the REST API shows them."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from densearch.answers.jobs import JobState
from densearch.answers.trials import ErrorAnswer, Json, Time


class CampaignSummaryAnswer(TypedDict):
    """A campaign in a list."""

    id: int
    name: str
    created_at: Time
    n_cells: int
    n_open: int
    fraction: float
    counts: dict[str, int]


class CampaignCellAnswer(TypedDict):
    """A cell of a campaign: its settings, and its job."""

    index: int
    settings: Json
    job_id: int | None
    state: JobState | None
    error: ErrorAnswer | None


class CampaignAnswer(CampaignSummaryAnswer):
    """A campaign with its cells."""

    base: Json
    matrix: dict[str, list[Any]]
    cells: list[CampaignCellAnswer]


class ReportedCellAnswer(TypedDict):
    """What a cell has found; `change` of the loss below 0 is better."""

    index: int
    label: str
    settings: Json
    job_id: int | None
    state: JobState | None
    split: str | None
    outcome: str | None
    n_seeds: int | None
    log_ratio: float | None
    change: float | None
    low: float | None
    high: float | None
    radius: float | None


class SplitEffectAnswer(TypedDict):
    """The mean effect of the cells that share a test split."""

    split: str
    n_cells: int
    log_ratio: float
    p: float
    variance: float
    change: float


class PooledCellsAnswer(TypedDict):
    """The mean over test splits, with the interval for a task that is not among them."""

    change: float
    low: float
    high: float
    prediction_low: float
    prediction_high: float
    n_splits: int
    n_cells: int
    log_ratio: float
    tau: float


class ReplicationAnswer(TypedDict):
    """On how many test splits a gain is shown."""

    n_splits: int
    n_shown: int
    level: float


class RadiusCellAnswer(TypedDict):
    """The best radius of the cells that have these settings in common, in taps."""

    label: str
    settings: Json
    cells: list[int]
    rates: list[float]
    standing: Literal["fitted", "flat", "outside", "too few"]
    n_jobs: int
    width: float | None
    radius: float | None
    log_radius: float | None
    low: float | None
    high: float | None


class SlopeAnswer(TypedDict):
    """How the best radius changes with each doubling of a quantity, as a share."""

    name: str
    low_value: float
    high_value: float
    change: float
    low: float
    high: float
    p: float
    df: int
    n_cells: int
    is_shown: bool


class RadiusAnswer(TypedDict):
    """The best radius by cell, and its slopes."""

    cells: list[RadiusCellAnswer]
    slopes: list[SlopeAnswer]
    n_unscaled: int
    n_untuned: int


class CampaignReportAnswer(TypedDict):
    """What the cells of a campaign have found so far."""

    version: int
    cells: list[ReportedCellAnswer]
    outcomes: dict[str, int]
    splits: list[SplitEffectAnswer]
    pooled: PooledCellsAnswer | None
    replication: ReplicationAnswer
    radius: RadiusAnswer | None
    findings: list[str]
