"""What passes between a run and the workers: assignments out, updates back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from service.records import Json


class Ending(StrEnum):
    """How an attempt ended. CRASHED: its worker died; ERROR: its code raised; both are retried."""

    COMPLETED = "completed"
    DIVERGED = "diverged"
    CANCELLED = "cancelled"
    ERROR = "error"
    CRASHED = "crashed"


@dataclass(frozen=True, slots=True)
class Assignment:
    """An attempt to be placed on a worker.

    Attributes:
        payload: See `service.payloads`.
        device: "cpu" or "cuda".
        keeps_weights: Whether the folded network's weights are wanted back.
    """

    attempt_id: int
    trial_id: int
    job_id: int
    digest: str
    payload: Json
    device: str
    keeps_weights: bool


@dataclass(frozen=True, slots=True)
class Measured:
    """Metrics of an attempt after an epoch (from 1), `elapsed_s` seconds after its start."""

    attempt_id: int
    trial_id: int
    epoch: int
    metrics: Json
    elapsed_s: float


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of an attempt; `value` is finite when it is COMPLETED and None otherwise.

    Attributes:
        weights: Path of the stored weights relative to the data directory, its size in bytes and
            its SHA-256, where they were wanted.
        worker: Name of the worker, for people.
    """

    attempt_id: int
    trial_id: int
    ending: Ending
    value: float | None = None
    metrics: Json | None = None
    training_s: float | None = None
    error: str | None = None
    weights: tuple[str, int, str] | None = None
    worker: str | None = None


Update = Measured | Ended
