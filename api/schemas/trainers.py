"""What trainers outside send, and what they are answered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from api.schemas.base import Out
from densearch.answers.trainers import LARGEST_VALUE
from densearch.names import checked
from densearch.plugins.sections import Section
from service.jobs.asks import MOST_TRIALS
from service.jobs.trainers import Reason, Standing
from service.states import JobState, Phase

LONGEST_WAIT_S = 30.0
MOST_METRICS = 100
Token = Annotated[
    str,
    Field(min_length=1, max_length=200, description="Of the attempt, as the ask answered it."),
]
MOST = LARGEST_VALUE


def _bounded(value: float) -> float:
    """Return a value; pydantic would write the bound in 60 digits."""
    if abs(value) > MOST:
        raise ValueError(f"is {value:g}: a number from -1e60 to 1e60 is taken")
    return value


Name = Annotated[str, AfterValidator(checked)]
MetricName = Annotated[Name, Field(min_length=1, max_length=100)]
Metric = Annotated[
    float,
    AfterValidator(_bounded),
    Field(
        description="The metric, as the trainer has it.",
        json_schema_extra={"minimum": -MOST, "maximum": MOST},
    ),
]
Metrics = Annotated[
    dict[MetricName, Annotated[float, AfterValidator(_bounded)]], Field(max_length=MOST_METRICS)
]


class AskBody(Section):
    """A trainer's question for trials."""

    count: int = Field(default=1, ge=1, le=MOST_TRIALS, description="How many at most.")
    worker: Name = Field(
        default="trainer",
        min_length=1,
        max_length=60,
        description="The trainer's name, for people.",
    )
    wait_s: float = Field(
        default=0.0,
        ge=0,
        le=LONGEST_WAIT_S,
        description="How long to wait for a trial where there is none, s.",
    )
    key: str | None = Field(
        default=None,
        min_length=16,
        max_length=200,
        description="A secret of the client's: the same ask sent again gets the same trials.",
    )


class HeartbeatBody(Section):
    """A trainer is still at its trial."""

    token: Token


class ReportBody(Section):
    """The value of an epoch."""

    token: Token
    epoch: int = Field(ge=1, le=1_000_000, description="From 1, in order and each once.")
    value: Metric
    metrics: Metrics = Field(default_factory=dict, description="Others, for people.")


class TellBody(Section):
    """How a trial ended: its value, or that it diverged, or why it failed."""

    token: Token
    value: Metric | None = None
    metrics: Metrics = Field(default_factory=dict, description="Others, for people.")
    diverged: bool = Field(default=False, description="The value is no number.")
    failed: str | None = Field(
        default=None, min_length=1, max_length=4000, description="Why there is none."
    )


class ReleaseBody(Section):
    """A trainer gives its trial back."""

    token: Token


class AskedDensityOut(Out):
    """The density of some layers."""

    layers: list[str] = Field(description="Names of task.layers, or `all`.")
    family: str
    kernel_size: int
    n_dims: int
    vector: list[float]
    alpha: list[float]
    beta: list[float] | None = None
    gamma: list[float] | None = None
    phi: list[Any] = Field(description="By which kernels are multiplied, shape (K,) * n_dims.")
    den: list[float] | None = Field(
        default=None, description="As the authors' wConv2d takes it; null where it cannot."
    )


class AskedTrialOut(Out):
    """A trial in a trainer's hands."""

    id: int
    token: str
    lease_until: datetime
    lease_s: float = Field(description="Send a heartbeat or a report at least this often, s.")
    study: str
    phase: Phase
    split: Literal["validation", "test"] = Field(description="What to measure the value on.")
    number: int | None
    attempt: int
    seed: int = Field(description="Of initial weights and data order: equal for trials compared.")
    epochs: int | None = Field(description="How long to train; null where the spec says nothing.")
    point: list[float] = Field(description="Coordinates in the unit cube.")
    params: dict[str, Any]
    densities: list[AskedDensityOut]
    den: list[float] | None = Field(description="Of the only density; null where there are more.")
    alpha: list[float] | None
    beta: list[float] | None
    phi: list[Any] | None


class AskOut(Out):
    """The answer to an ask."""

    trials: list[AskedTrialOut]
    done: bool = Field(description="Whether the job has ended: there will be no more trials.")
    state: JobState


class HeardOut(Out):
    """The answer to a heartbeat or a report."""

    stop: bool = Field(description="Whether to stop training.")
    reason: Reason | None = Field(
        description="pruned: it was stopped, and has ended; complete: that was the last epoch; "
        "given_up: the trial is no longer this trainer's."
    )
    lease_until: datetime | None


class TrialEndOut(Out):
    """The answer to a tell or a release."""

    outcome: Standing = Field(
        description="taken: it counts; pruned: the trial was stopped before, by what was "
        "reported; late: it was given up before, and this is kept as evidence."
    )
