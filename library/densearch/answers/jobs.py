"""Jobs, their arms and what they made, as the REST API shows them."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from densearch.answers.decisions import DecisionAnswer
from densearch.answers.reports import ReportAnswer
from densearch.answers.trials import ErrorAnswer, Json, Time

JobState = Literal["QUEUED", "RUNNING", "PAUSED", "EVALUATING", "SUCCEEDED", "FAILED", "CANCELLED"]
Role = Literal["search", "control", "tuned", "speculation"]


class ProgressAnswer(TypedDict):
    """Counts of a job's trials."""

    n_trials: int
    n_finished: int
    n_evaluated: int
    n_running: int
    n_waiting: int
    n_failed: int
    n_pruned: int
    n_cached: int
    n_promotions: int
    n_promotions_finished: int
    n_evaluations: int
    n_evaluations_finished: int
    fraction: float
    eta_s: float | None


class BestAnswer(TypedDict):
    """The best trial of a job's searches so far."""

    study_id: int
    study: str
    sampler: str
    trial_id: int
    value: float
    params: Json


class VectorEntryAnswer(TypedDict):
    """One coordinate of a job's search: a free value of a density, or a setting."""

    index: int
    name: str
    group: str | None
    layers: list[str]
    kernel_size: int | None
    factors: list[str]
    positions: list[list[int]] | None
    low: float | None
    high: float | None
    is_log: bool
    choices: list[float | int | str | bool] | None


class JobSummaryAnswer(TypedDict):
    """A job in a list."""

    id: int
    name: str
    state: JobState
    waits_for: str | None
    fraction: float
    error: ErrorAnswer | None
    created_at: Time
    started_at: Time | None
    finished_at: Time | None
    task: str
    samplers: list[str]
    tags: list[str]
    note: str


class JobAnswer(JobSummaryAnswer):
    """A job with its spec as completed by the server, its progress and its report."""

    spec: Json
    vector: list[VectorEntryAnswer] | None
    progress: ProgressAnswer
    best: BestAnswer | None
    ahead: BestAnswer | None
    report: ReportAnswer | None
    decision: DecisionAnswer | None
    data_warnings: list[str]
    earlier_looks: int | None


class StudyAnswer(TypedDict):
    """One arm of a job: a sampler's search, or a control."""

    id: int
    job_id: int
    name: str
    role: Role
    sampler: str
    repeat: int
    n_trials: int
    n_finished: int
    n_evaluated: int
    n_running: int
    n_waiting: int
    n_failed: int
    n_pruned: int
    n_speculative: int
    n_hits: int
    hit_rate: float | None
    n_cached: int
    seed: int
    is_finished: bool
    stopped_at: int | None
    stopped_by: str | None
    fault: str | None
    best_trial_id: int | None
    best_value: float | None
    chosen_from: str | None


class ProvenanceAnswer(TypedDict):
    """Where a density is from: all that is needed to train with it again."""

    job: str
    job_seed: int
    study: str
    role: str
    trial_id: int
    trial_number: int | None
    digest: str
    validation_loss: float | None
    params: Json
    task: Json
    network: Json | None
    layers: NotRequired[list[str]]
    chosen_from: NotRequired[str]


class DensityAnswer(TypedDict):
    """A learned density; `phi` has the shape (K,) * n_dims as nested lists."""

    id: int
    job_id: int
    study_id: int
    study: str
    trial_id: int
    layer: str
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
    den_fault: str | None
    scale: float
    residual: float
    effective_radius: float | None
    centre_share: float | None
    anisotropy: float | None
    provenance: ProvenanceAnswer
    created_at: Time


class ArtifactAnswer(TypedDict):
    """A file of a job."""

    id: int
    job_id: int
    trial_id: int | None
    name: str
    media_type: str
    n_bytes: int
    sha256: str
    created_at: Time
