"""Plain values that the storage returns: one class for each kind of row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from service.digest import SEARCH_VERSION
from service.states import (
    AttemptState,
    CalibrationState,
    ImportState,
    JobState,
    Phase,
    Role,
    TrialState,
)

Json = dict[str, Any]
# A spec names a stored data set by this and its id, such as "stored:12".
STORED = "stored"


@dataclass(frozen=True, slots=True)
class Job:
    """A density-optimization job.

    Attributes:
        waits_for: Why it makes no progress; None while it does.
        worked_s: Seconds of work up to `working_since`, without pauses.
        working_since: Start of the present period of work; None while it is not at work.
        note: What users wrote about it.
    """

    id: int
    name: str
    state: JobState
    spec: Json
    report: Json | None
    error: Json | None
    waits_for: str | None
    lease_owner: str | None
    lease_fence: int
    lease_until: datetime | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    worked_s: float = 0.0
    working_since: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Study:
    """One study of a job: a search or a control.

    Attributes:
        repeat: Which search seed of its sampler, from 1.
        n_trials: Its budget.
        stopped_at: Trials after which it stopped before its budget of trials was spent; None while
            it has not.
        stopped_by: Why: `noise` (its boxes were narrower), `wall_clock` or `cost` (the budget's),
            `asking` (its sampler failed).
        fault: How its sampler failed, where `stopped_by` is `asking`.
        search_version: The rules of search that it began with, see `service.digest`.
        chosen_from: The simpler arm whose training represents it, see `service.studies.nesting`.
    """

    id: int
    job_id: int
    place: int
    name: str
    role: Role
    sampler: str
    repeat: int
    n_trials: int
    seed: int
    is_finished: bool
    stopped_at: int | None
    best_trial_id: int | None
    best_value: float | None
    stopped_by: str | None = None
    fault: str | None = None
    search_version: int = SEARCH_VERSION
    chosen_from: str | None = None


@dataclass(frozen=True, slots=True)
class TrialOutline:
    """The state of a trial, without its payload, its curve and its other JSON columns."""

    id: int
    study_id: int
    phase: Phase
    number: int | None
    state: TrialState


# Describes the process that trained: a trial that reuses a result does not take such a field.
_OF_PROCESS = {"is_of_process": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """What a worker measures of a trial, the same from its process to the trial's row.

    The outcome of a training, the message of a worker and the stored trial are results with fields
    of their own; each passes on all that is `measured`. `service.storage.tables` has a column
    for each field, and `densearch.answers.TrialAnswer` shows them. Each has a default: an attempt
    may end before it is measured.

    Attributes:
        metrics: `loss` and the task's own.
        curve: Validation loss after each epoch, as far as it is finite; None or empty where
            nothing is trained.
        learned: What a `gradient` training has learned with its weights: ``groups``, the free
            values of the density that each group of layers shares, by the group's name.
        training_s: Seconds of its steps and of the evaluations after its epochs; of steps that a
            pack took together an equal share.
        peak_memory_bytes: The most memory that the training held: of the worker's process on a
            CPU, of its share of a GPU; a pack's, for each of its trials.
    """

    metrics: Json | None = None
    curve: Sequence[float] | None = None
    learned: Json | None = None
    training_s: float | None = None
    peak_memory_bytes: int | None = field(default=None, metadata=_OF_PROCESS)

    def measured(self) -> Json:
        """Return the fields of a result by name, without those that a subclass adds."""
        return {own.name: getattr(self, own.name) for own in fields(TrialResult)}

    def reusable(self) -> Json:
        """Return what a trial with the same digest takes over."""
        kept = [own.name for own in fields(TrialResult) if own.metadata != _OF_PROCESS]
        return {name: getattr(self, name) for name in kept}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial(TrialResult):
    """One evaluation of one point.

    Attributes:
        payload: All that determines its result.
    """

    id: int
    job_id: int
    study_id: int
    phase: Phase
    number: int | None
    state: TrialState
    certainty: str
    point: list[float]
    params: Json
    digest: str
    payload: Json
    seed: int
    value: float | None
    is_diverged: bool
    cached_from: int | None
    n_attempts: int
    error: Json | None
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a trial; the result of a late one came after it was given up: evidence.

    Attributes:
        death: How its worker died, see `service.death.Death`; None where that is not the reason of
            its end.
    """

    id: int
    job_id: int
    trial_id: int
    number: int
    state: AttemptState
    dispatcher: str
    worker: str | None
    value: float | None
    metrics: Json | None
    error: Json | None
    death: Json | None
    is_late: bool
    started_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Measurement:
    """Metrics of a trial after an epoch (from 1); `elapsed_s` counts from its start."""

    trial_id: int
    epoch: int
    attempt_id: int
    metrics: Json
    elapsed_s: float
    measured_at: datetime


@dataclass(frozen=True, slots=True)
class DensityRecord:
    """A stored density: alpha, beta, Phi as nested lists, and its provenance.

    `layer` names the group of layers that share it (`service.studies.layer_groups`); "" is the
    whole network.
    """

    id: int
    job_id: int
    study_id: int
    trial_id: int
    layer: str
    family: str
    kernel_size: int
    n_dims: int
    vector: list[float]
    alpha: list[float]
    beta: list[float] | None
    phi: list[Any]
    den: list[float] | None
    provenance: Json
    created_at: datetime


@dataclass(frozen=True, slots=True)
class EvaluationRecord:
    """One final training of a study's best; its metrics are those of its trial."""

    id: int
    job_id: int
    study_id: int
    trial_id: int
    seed_index: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file under the data directory; `path` is relative to it."""

    id: int
    job_id: int
    trial_id: int | None
    name: str
    media_type: str
    path: str
    n_bytes: int
    sha256: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Dataset:
    """A stored data set.

    Attributes:
        sha256: Of its content and split; sets that share it share their files.
        kind: What its targets are: labelled, multilabel, pairs or unlabelled.
        format: The one it came in.
        n_bytes: Of its files.
        details: `manifest` (as on disk), `class_counts` by split or None, `warnings`, and
            `left_out`, which sets of earlier versions lack.
    """

    id: int
    name: str
    sha256: str
    kind: str
    format: str
    n_samples: int
    n_bytes: int
    details: Json
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Import:
    """An import of a data set, running or ended.

    Attributes:
        name: What the set is to be called.
        stage: See `service.datasets.progress`; of one that ended, the last one.
        n_done: How much of the stage is done.
        n_total: How much there is to do in it; None if that is not known.
        workspace: Name of its folder, which its process holds until the import ends.
        key: Digest of the uploaded bytes and options; None for a folder.
        problem: Of a FAILED one, why, as REST answers it.
        dataset_id: Of a SUCCEEDED one, its set, which may have been deleted since.
    """

    id: int
    name: str
    state: ImportState
    stage: str
    n_done: int
    n_total: int | None
    workspace: str
    key: str | None
    problem: Json | None
    dataset_id: int | None
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class JobEvent:
    """Something that happened to a job."""

    id: int
    job_id: int
    kind: str
    data: Json
    created_at: datetime


@dataclass(frozen=True, slots=True)
class RegisteredDispatcher:
    """A dispatcher process, with the resources of its cluster."""

    id: str
    host: str
    pid: int
    n_workers: int
    resources: Json
    started_at: datetime
    heartbeat_at: datetime


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a training costs on a kind of device: known, or to be measured.

    Attributes:
        key: Names the training and the kind of device, see `service.costs.training_cost`.
        source: `calibration` (a few steps, timed for this) or `trials` (whole trainings).
        payload: What to measure; None where trials were.
        widths: Of the packs to measure.
        cost: See `service.costs.training_cost.TrainingCost`; None while it is not known.
        error: Why the measurement failed.
    """

    id: int
    key: str
    source: str
    state: CalibrationState
    payload: Json | None
    device: str
    cpus: float
    gpus: float
    widths: list[int]
    cost: Json | None
    error: str | None
    lease_owner: str | None
    lease_until: datetime | None
    created_at: datetime
    measured_at: datetime | None
