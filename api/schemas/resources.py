"""What the API answers. Times are UTC in ISO 8601; numbers keep their full precision."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from service.states import AttemptState, JobState, Phase, Role, TrialState

Item = TypeVar("Item")
Json = dict[str, Any]


class Out(BaseModel):
    """A response, read from a record's attributes."""

    model_config = ConfigDict(from_attributes=True)


class ListOut(BaseModel, Generic[Item]):
    """A page; the header Link with rel="next" leads to the following one, if there is one."""

    items: list[Item]


class FaultOut(Out):
    """What is wrong: `pointer` into the body, a `parameter` and where it stood (`in`), `entry`."""

    pointer: str | None = None
    entry: str | None = Field(default=None, description="File or array of a refused data set.")
    parameter: str | None = None
    in_: str | None = Field(default=None, alias="in")
    detail: str


class ProblemOut(Out):
    """A refusal (RFC 9457). `type` is an address on this server that explains it."""

    type: str
    title: str
    status: int
    detail: str
    pointer: str | None = Field(
        default=None, description="JSON pointer to the first field that is wrong."
    )
    errors: list[FaultOut] | None = None


class ErrorOut(Out):
    """Why a job, trial or attempt failed."""

    title: str | None = None
    detail: str


class ProgressOut(Out):
    """Counts of a job's trials; see the user guide."""

    n_trials: int = Field(description="Search trials planned, controls included.")
    n_finished: int = Field(description="Confirmed: ended, with a place in the sequence.")
    n_evaluated: int = Field(description="All search trials that have ended, extra ones included.")
    n_running: int
    n_waiting: int
    n_failed: int
    n_pruned: int = Field(description="Trainings that were stopped as hopeless.")
    n_cached: int = Field(description="Trials that took an earlier result instead of training.")
    n_promotions: int = Field(description="Full trainings of what the short search found best.")
    n_promotions_finished: int
    n_evaluations: int = Field(description="Final trainings on the test split.")
    n_evaluations_finished: int
    fraction: float = Field(ge=0, le=1)
    eta_s: float | None = Field(description="Seconds left, where it can be estimated.")


class BestOut(Out):
    """The best trial of the job's searches so far."""

    study_id: int
    study: str
    sampler: str
    trial_id: int
    value: float
    params: Json


class JobSummaryOut(Out):
    """A job in a list."""

    id: int
    name: str
    state: JobState
    waits_for: str | None = Field(description="Why it does not move, when it does not.")
    fraction: float = Field(ge=0, le=1)
    error: ErrorOut | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class VectorEntryOut(Out):
    """A value that the job's searches propose: a free value of a density, or a setting."""

    index: int = Field(description="Its place in a trial's point, from 0.")
    name: str
    group: str | None = Field(
        description='The layers that share it: "" is all of them; null for a setting.'
    )
    layers: list[str] = Field(description="Their names in the network.")
    kernel_size: int | None
    factors: list[str] = Field(
        description="Those of alpha, beta and gamma that it belongs to; empty where it sets Phi."
    )
    positions: list[list[int]] | None = Field(
        description="What it sets, as offsets from the centre: along each of its factors, or taps "
        "of Phi. Null: all taps but the centre, or no tap for a setting."
    )
    low: float | None
    high: float | None
    is_log: bool
    choices: list[float | int | str | bool] | None


class JobOut(JobSummaryOut):
    """A job with its spec as completed by the server, its progress and its report."""

    spec: Json
    vector: list[VectorEntryOut] | None = Field(
        description="What each value of the search means; null if the spec would be refused now."
    )
    progress: ProgressOut
    best: BestOut | None
    ahead: BestOut | None = Field(
        description="A better point, run ahead of a sequence that has not asked for it."
    )
    report: Json | None = Field(description="The comparison of all arms, once the job succeeded.")


class StudyOut(Out):
    """One arm of a job: a sampler's search, or a control."""

    id: int
    job_id: int
    name: str
    role: Role = Field(
        description="tuned is a control whose settings are searched, speculation a better point "
        "that a search ran ahead."
    )
    sampler: str
    repeat: int = Field(description="Which search seed of its sampler, from 1.")
    n_trials: int = Field(description="Its budget.")
    n_finished: int = Field(description="Confirmed evaluations: with a place in the sequence.")
    n_evaluated: int = Field(description="All evaluations that have ended, extra ones included.")
    n_running: int
    n_waiting: int
    n_failed: int
    n_pruned: int
    n_speculative: int = Field(description="Trials that were run ahead of need.")
    n_hits: int = Field(description="Of these, how many the sequence turned out to need.")
    hit_rate: float | None
    n_cached: int = Field(description="Trials that took an earlier result instead of training.")
    seed: int
    is_finished: bool
    stopped_at: int | None = Field(
        description="Trials after which it stopped before its budget of trials was spent."
    )
    stopped_by: str | None = Field(description="Why: noise, wall_clock, cost or asking.")
    best_trial_id: int | None
    best_value: float | None


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


class DensityOut(Out):
    """A learned density: Phi, its factors, the figures of its shape and where it came from."""

    id: int
    job_id: int
    study_id: int
    study: str
    trial_id: int
    layer: str = Field(
        description='The group of layers that share it, such as "stage 2"; "" is all layers.'
    )
    layers: list[str] = Field(description="The names of these layers in the network.")
    family: str
    kernel_size: int
    n_dims: int
    vector: list[float]
    alpha: list[float]
    beta: list[float] | None
    gamma: list[float] | None = Field(description="A volume's third factor, else null.")
    phi: list[Any] = Field(description="Nested lists, shape (K,) * n_dims; 1 at the centre.")
    den: list[float] | None = Field(
        description="The authors' half-list, outermost first; null if not of that form."
    )
    residual: float = Field(description="What the factors leave unsaid, of Phi's norm.")
    effective_radius: float | None
    centre_share: float | None
    anisotropy: float | None
    provenance: Json
    created_at: datetime


class ArtifactOut(Out):
    """A file that the job left; GET /v1/artifacts/{id} downloads it."""

    id: int
    job_id: int
    trial_id: int | None
    name: str
    media_type: str
    n_bytes: int
    sha256: str
    created_at: datetime


class SamplerOut(Out):
    """A sampler that a spec may name; `options` is a JSON schema."""

    name: str
    title: str
    description: str
    capabilities: dict[str, bool | str | None]
    installed: bool = Field(
        description="Whether the extra it needs (`capabilities.needs`) is installed here."
    )
    options: Json


class NetworkOut(Out):
    """A network that a spec may name; `section` is the JSON schema of its settings."""

    name: str
    title: str
    description: str
    tasks: list[str] = Field(description="The kinds of task that it fits.")
    n_dims: list[int] = Field(description="Axes of its samples: 1 signals, 2 images, 3 volumes.")
    takes: str | None = Field(
        description='What stands behind a colon of its kind, as in "timm:NAME"; null for nothing.'
    )
    package: str | None = Field(
        description="The package that brings it, with its version; null if it is built in."
    )
    section: Json


class DatasetOut(Out):
    """A stored data set; `dataset` is how a job's task names it."""

    id: int
    name: str
    dataset: str
    sha256: str = Field(description="Of its content and split.")
    kind: Literal["labelled", "multilabel", "pairs", "unlabelled"]
    format: str
    n_samples: int
    n_bytes: int = Field(description="Of its files on the server's disk.")
    n_dims: int
    n_channels: int
    target_channels: int | None = Field(default=None, description="Of the targets of pairs.")
    dtype: Literal["uint8", "float32"]
    storage: Literal["values", "encoded"] = Field(
        default="values", description="Whether as values, or as the image files that came."
    )
    size_px: int = Field(description="The smallest side of the smallest sample.")
    largest_px: int
    is_uniform: bool = Field(description="Whether all samples have one size.")
    classes: list[str]
    counts: dict[str, int] = Field(description="Samples of each split.")
    class_counts: dict[str, list[int]] | None = Field(
        description="Of each split, the samples of each class; null without labels."
    )
    warnings: list[str]
    created_at: datetime


class BuiltInOut(Out):
    """A data set that comes with the product; `dataset` is how a job's task names it."""

    dataset: str
    task: str = Field(description="The kind of task that it is for.")
    n_dims: int
    n_channels: int
    size_px: int | None
    is_uniform: bool
    n_outputs: int
    n_training: int | None


class DatasetsOut(ListOut[DatasetOut]):
    """A page of stored sets, and all sets that come with the product."""

    built_in: list[BuiltInOut]


class HealthOut(Out):
    """The process answers."""

    status: Literal["ok"] = "ok"


class CheckOut(Out):
    """One condition of readiness; `detail` says what was found, or what to do."""

    name: Literal["database", "migrations", "dispatcher"]
    ok: bool
    detail: str


class ReadinessOut(Out):
    """Whether the service can do its work."""

    ready: bool
    checks: list[CheckOut]
