"""Response models of cost estimates; see the user guide."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from api.schemas.base import Out


class IntervalOut(Out):
    """An expected figure with its lower and upper bound."""

    low: float
    expected: float
    high: float


class TrainingsOut(Out):
    """Trainings of one kind."""

    kind: str = Field(description="search, tuned, control, promotion, confirmation or evaluation.")
    n: int = Field(description="At most: nothing is trained twice.")
    n_least: int = Field(description="At least: an evaluation ends at the look that decides.")
    n_usual: int = Field(description="Usually.")
    epochs: tuple[int, int, int] = Field(
        description="Of each training: lowest, usual and highest number."
    )
    seconds: IntervalOut = Field(description="Of one training, alone or as part of a pack.")


class EpochOut(Out):
    """Duration of an epoch of a search's training, and its source."""

    seconds: IntervalOut = Field(description="Lower quartile, median and upper quartile.")
    source: Literal["calibration", "trials", "spec"]
    n: int = Field(
        description="Number of earlier trainings that were timed; 0 where a few steps were."
    )
    device: str
    measured_at: datetime | None


class MemoryOut(Out):
    """Bytes of one worker's training, of all workers together, and of the cluster."""

    worker_bytes: int
    workers_bytes: int
    cluster_bytes: int | None
    fits: bool | None


class MoneyOut(Out):
    """Cost of the workers' time at the server's prices."""

    amount: IntervalOut
    currency: str


class EstimateOut(Out):
    """The cost of a job; unknown figures are null."""

    state: Literal["ready", "measuring", "failed"]
    detail: str | None = Field(description="Why it is not ready.")
    trainings: list[TrainingsOut]
    n_trainings: int = Field(description="At most.")
    n_epochs: int
    epoch: EpochOut | None
    pack_width: int | None = Field(description="Candidates that a worker trains at once.")
    n_workers: int | None = Field(description="Trials of this shape that the cluster can hold.")
    work_s: IntervalOut | None = Field(description="All trainings together.")
    time_s: IntervalOut | None = Field(
        description="From start to end, all workers free for this job."
    )
    memory: MemoryOut | None
    least_memory_bytes: int | None = Field(
        description="Lower bound for the largest training, computed from the spec."
    )
    worker_memory_bytes: int | None = Field(
        description="Memory of a worker of this shape; a training that exceeds it ends."
    )
    money: MoneyOut | None
    overhead_s: IntervalOut | None = Field(
        description="Of each trial, besides its training: to be placed, sent, reported and stored."
    )
    same_job: int | None = Field(
        description="A job of the same spec: its results are taken, and nothing is trained."
    )
    warnings: list[str]
