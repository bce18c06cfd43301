"""What trainers outside are answered, as the REST API sends it."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from densearch.answers.jobs import JobState
from densearch.answers.trials import Json, Phase, Time

# Of values and metrics. A report squares variances: beyond about 1e76 they would be infinite.
LARGEST_VALUE = 1e60


class AskedDensityAnswer(TypedDict):
    """The density of some layers."""

    layers: list[str]
    family: str
    kernel_size: int
    n_dims: int
    vector: list[float]
    alpha: list[float]
    beta: list[float] | None
    gamma: list[float] | None
    phi: list[Any]
    den: list[float] | None


class AskedTrialAnswer(TypedDict):
    """A trial in a trainer's hands."""

    id: int
    token: str
    lease_until: Time
    lease_s: float
    study: str
    phase: Phase
    split: Literal["validation", "test"]
    number: int | None
    attempt: int
    seed: int
    epochs: int | None
    point: list[float]
    params: Json
    densities: list[AskedDensityAnswer]
    den: list[float] | None
    alpha: list[float] | None
    beta: list[float] | None
    phi: list[Any] | None


class AskAnswer(TypedDict):
    """The answer to an ask."""

    trials: list[AskedTrialAnswer]
    done: bool
    state: JobState


class HeardAnswer(TypedDict):
    """The answer to a heartbeat or a report."""

    stop: bool
    reason: Literal["pruned", "complete", "given_up"] | None
    lease_until: Time | None


class TrialEndAnswer(TypedDict):
    """The answer to the end of a trial."""

    outcome: Literal["taken", "pruned", "late"]
