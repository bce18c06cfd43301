"""What a job or a campaign would cost, as the REST API shows it."""

from __future__ import annotations

from typing import Literal, TypedDict

from densearch.answers.trials import Time

EstimateState = Literal["ready", "measuring", "failed"]


class IntervalAnswer(TypedDict):
    """An expected figure with its lower and upper bound."""

    low: float
    expected: float
    high: float


class TrainingsAnswer(TypedDict):
    """Trainings of one kind; `epochs` are the lowest, usual and highest number."""

    kind: str
    n: int
    n_least: int
    n_usual: int
    epochs: tuple[int, int, int]
    seconds: IntervalAnswer


class EpochAnswer(TypedDict):
    """Duration of an epoch of a search's training, and its source."""

    seconds: IntervalAnswer
    source: Literal["calibration", "trials", "spec"]
    n: int
    device: str
    measured_at: Time | None


class MemoryAnswer(TypedDict):
    """Bytes of one worker's training, of all workers together, and of the cluster."""

    worker_bytes: int
    workers_bytes: int
    cluster_bytes: int | None
    fits: bool | None


class MoneyAnswer(TypedDict):
    """Cost of the workers' time at the server's prices."""

    amount: IntervalAnswer
    currency: str


class EstimateAnswer(TypedDict):
    """The cost of a job; unknown figures are null."""

    state: EstimateState
    detail: str | None
    trainings: list[TrainingsAnswer]
    n_trainings: int
    n_epochs: int
    epoch: EpochAnswer | None
    pack_width: int | None
    n_workers: int | None
    work_s: IntervalAnswer | None
    time_s: IntervalAnswer | None
    memory: MemoryAnswer | None
    least_memory_bytes: int | None
    worker_memory_bytes: int | None
    money: MoneyAnswer | None
    overhead_s: IntervalAnswer | None
    same_job: int | None
    warnings: list[str]


class CampaignEstimateAnswer(TypedDict):
    """The cost of a campaign; unknown figures are null."""

    state: EstimateState
    detail: str | None
    n_cells: int
    n_trainings: int
    n_shared: int
    work_s: IntervalAnswer | None
    time_s: IntervalAnswer | None
    n_workers: int | None
    money: MoneyAnswer | None
    warnings: list[str]
