"""Trials, attempts and measurements, as the API answers them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from api.schemas.base import ErrorOut, Json, ListOut, Out
from service.states import AttemptState, Phase, TrialState


class AttemptOut(Out):
    """One try at a trial. A late one came back after it was given up, and changed nothing."""

    number: int
    state: AttemptState
    worker: str | None
    value: float | None
    is_late: bool
    error: ErrorOut | None
    started_at: datetime
    finished_at: datetime | None


class TrialOut(Out):
    """One evaluation of one point."""

    id: int
    job_id: int
    study_id: int
    study: str
    sampler: str
    phase: Phase
    number: int | None = Field(description="Place in the study's sequence; null while uncertain.")
    state: TrialState
    certainty: str = Field(
        description="How sure the sampler is that its sequence needs the point."
    )
    speculative: bool = Field(
        description="Run ahead of need; it has no place in the sequence yet."
    )
    point: list[float] = Field(description="Coordinates in the unit cube, exact.")
    params: Json = Field(description="The same in real units: den, lr, ...")
    value: float | None = Field(description="The objective, minimised.")
    metrics: Json | None
    curve: list[float] | None = Field(description="Validation loss after each epoch.")
    learned: Json | None = Field(description="What a gradient training found.")
    is_diverged: bool
    cached: bool = Field(
        description="It took the result of the same training instead of a new one."
    )
    cached_from: int | None = Field(
        description="The trial whose result it took; its job may have been deleted since."
    )
    training_s: float | None
    device: Literal["cpu", "cuda"] = Field(description="What its job trains on.")
    peak_memory_bytes: int | None = Field(
        description="The most that its training, or the pack it was in, held there."
    )
    attempts: int = Field(description="Tries so far.")
    error: ErrorOut | None
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class TrialDetailOut(TrialOut):
    """A trial with every try at it."""

    attempt_log: list[AttemptOut]


class MeasurementOut(Out):
    """Metrics of a trial after an epoch, from 1; `elapsed_s` counts from the training's start."""

    trial_id: int
    epoch: int
    metrics: Json
    elapsed_s: float
    measured_at: datetime


class MeasurementsOut(ListOut[MeasurementOut]):
    """A trial's measurements, and whether they were removed."""

    pruned: bool = Field(
        description="Whether retention has removed them; the trial's `curve` stays."
    )
