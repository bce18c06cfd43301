"""A trial as the REST API shows it: the JSON of its answers, typed.

The server makes its trials' answers and the rows of its pages as these dictionaries, and the
OpenAPI document describes them (`api.schemas.trials`). Texts in `Annotated` are the descriptions
there. A field that a worker measures is one of `service.records.TrialResult` too; a test compares
the two.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypedDict

Json = dict[str, Any]
# An aware time in ISO 8601, UTC.
Time = str

TrialState = Literal["WAITING", "RUNNING", "COMPLETED", "PRUNED", "FAILED", "CANCELLED"]
AttemptState = Literal["RUNNING", "COMPLETED", "FAILED", "LOST", "CANCELLED"]
Phase = Literal["search", "promotion", "confirmation", "evaluation", "superseded"]


class ErrorAnswer(TypedDict):
    """Why a trial or an attempt failed."""

    title: str | None
    detail: str


class TrialAnswer(TypedDict):
    """One evaluation of one point."""

    id: int
    job_id: int
    study_id: int
    study: str
    sampler: str
    phase: Phase
    number: Annotated[int | None, "Place in the study's sequence; null while uncertain."]
    state: TrialState
    certainty: Annotated[str, "How sure the sampler is that its sequence needs the point."]
    speculative: Annotated[bool, "Run ahead of need; it has no place in the sequence yet."]
    point: Annotated[list[float], "Coordinates in the unit cube, exact."]
    params: Annotated[Json, "The same in real units: den, lr, ..."]
    value: Annotated[float | None, "The objective, minimised."]
    metrics: Json | None
    curve: Annotated[list[float] | None, "Validation loss after each epoch."]
    learned: Annotated[Json | None, "What a gradient training found."]
    is_diverged: bool
    cached: Annotated[bool, "It took the result of the same training instead of a new one."]
    cached_from: Annotated[
        int | None, "The trial whose result it took; its job may have been deleted since."
    ]
    training_s: float | None
    device: Annotated[Literal["cpu", "cuda"], "What its job trains on."]
    peak_memory_bytes: Annotated[
        int | None, "The most that its training, or the pack it was in, held there."
    ]
    attempts: Annotated[int, "Tries so far."]
    error: ErrorAnswer | None
    queued_at: Time
    started_at: Time | None
    finished_at: Time | None


DeathCause = Literal[
    "signal",
    "exit",
    "ray_memory_monitor",
    "cgroup_memory",
    "kernel_memory",
    "full_memory",
    "node",
    "ray",
    "unknown",
]


class DeathAnswer(TypedDict):
    """How the worker of an attempt died."""

    cause: Annotated[DeathCause, "What ended it."]
    signal: Annotated[str | None, "Such as SIGKILL."]
    exit_code: Annotated[int | None, "Its own, from 0 to 255."]
    detail: Annotated[str | None, "What Ray says, where that says more."]
    peak_memory_bytes: Annotated[int | None, "The most that the worker is known to have held."]
    node_memory_bytes: Annotated[int | None, "Memory of its node, or of its container."]
    node_used_bytes: Annotated[int | None, "How much of that was in use when it died."]
    is_own_need: Annotated[
        bool | None, "Whether its own memory was the reason of a kill for memory."
    ]
    remedy: Annotated[str | None, "What to do about it."]


class AttemptAnswer(TypedDict):
    """One try at a trial. A late one came back after it was given up, and changed nothing."""

    number: int
    state: AttemptState
    worker: str | None
    value: float | None
    is_late: bool
    error: ErrorAnswer | None
    death: Annotated[DeathAnswer | None, "How its worker died, where it did."]
    started_at: Time
    finished_at: Time | None


class TrialDetailAnswer(TrialAnswer):
    """A trial with every try at it."""

    attempt_log: list[AttemptAnswer]


class MeasurementAnswer(TypedDict):
    """Metrics of a trial after an epoch, from 1; `elapsed_s` counts from the training's start."""

    trial_id: int
    epoch: int
    metrics: Json
    elapsed_s: float
    measured_at: Time


class TrialEvent(TypedDict):
    """What the stream of events says of a trial: fields of its answer."""

    id: int
    study_id: int
    phase: Phase
    number: int | None
    state: TrialState
    value: float | None
    cached: bool
