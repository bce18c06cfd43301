"""What the API answers about costs; see the user guide."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from api.schemas.base import Out


class IntervalOut(Out):
    """A figure with what it may be at least and at most."""

    low: float
    expected: float
    high: float


class TrainingsOut(Out):
    """Trainings of one kind."""

    kind: str = Field(description="search, tuned, control, promotion or evaluation.")
    n: int = Field(description="At most: nothing is trained twice.")
    epochs: tuple[int, int, int] = Field(description="Of each: the least, usual and most.")
    seconds: IntervalOut = Field(description="What one takes, alone or as part of a pack.")


class EpochOut(Out):
    """What an epoch of a search's training takes, and how that is known."""

    seconds: IntervalOut = Field(description="Lower quartile, median and upper quartile.")
    source: Literal["calibration", "trials", "spec"]
    n: int = Field(description="Earlier trainings that were timed; 0 where a few steps were.")
    device: str
    measured_at: datetime | None


class MemoryOut(Out):
    """Bytes of a worker's training, of all workers at once, and of the cluster."""

    worker_bytes: int
    workers_bytes: int
    cluster_bytes: int | None
    fits: bool | None


class MoneyOut(Out):
    """What the workers' seconds cost at the server's prices."""

    amount: IntervalOut
    currency: str


class EstimateOut(Out):
    """What a job will cost; what is not known is null."""

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
    warnings: list[str]
