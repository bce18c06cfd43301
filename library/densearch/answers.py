"""A trial as the REST API shows it: the JSON of its answers, typed.

The server makes its trials' answers and the rows of its pages as these dictionaries, the OpenAPI
document describes them (`api.schemas.trials`), and `densearch.Client` returns them. Texts in
`Annotated` are the descriptions of the OpenAPI document. A field that a worker measures is one of
`service.records.TrialResult` too; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypedDict

from densearch.plurals import counted

Json = dict[str, Any]
# An aware time in ISO 8601, UTC.
Time = str

# How `waits_for` of a job begins where its dispatcher is started again and again, in vain.
FAILED_START = "no dispatcher is running, and the last start failed"

TrialState = Literal["WAITING", "RUNNING", "COMPLETED", "PRUNED", "FAILED", "CANCELLED"]
AttemptState = Literal["RUNNING", "COMPLETED", "FAILED", "LOST", "CANCELLED"]
Phase = Literal["search", "promotion", "confirmation", "evaluation", "superseded"]


ImportState = Literal["RUNNING", "SUCCEEDED", "FAILED", "LOST"]
ImportStage = Literal["waiting", "unpacking", "reading", "storing"]


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


class ImportAnswer(TypedDict):
    """An import of a data set, running or ended."""

    id: int
    name: Annotated[str, "What the set is to be called."]
    state: ImportState
    stage: Annotated[ImportStage, "What it is doing; of one that ended, the last stage."]
    n_done: Annotated[int, "How much of the stage is done."]
    n_total: Annotated[int | None, "How much there is to do in it; null if that is not known."]
    unit: Annotated[
        Literal["bytes", "samples"] | None, "What is counted; null in stages without a count."
    ]
    problem: Annotated[
        Json | None, "Of one that is FAILED or LOST: the problem document (RFC 9457), why."
    ]
    dataset_id: Annotated[
        int | None, "Of one that SUCCEEDED: its set, which may have been deleted since."
    ]
    dataset: Annotated[str | None, "That set's name in a job's task."]
    created_at: Time
    ended_at: Time | None


LeftOutReason = Literal["refused", "other", "clutter"]
# What a person calls the reasons.
LEFT_OUT: Mapping[LeftOutReason, str] = MappingProxyType(
    {
        "refused": "files that could not be taken",
        "other": "notes and other files that are no samples",
        "clutter": "files of systems and programs, such as thumbnails",
    }
)


class LeftOutFile(TypedDict):
    """A file that is not in a data set; `detail` says what is wrong with it."""

    entry: str
    detail: str | None


class LeftOutAnswer(TypedDict):
    """Files of an upload that are not in its data set, for one reason."""

    reason: Annotated[
        LeftOutReason, "refused: left out by skip_bad; other: no samples; clutter: of systems."
    ]
    n: int
    first: Annotated[list[LeftOutFile], "The first 50."]


class DatasetAnswer(TypedDict):
    """A stored data set; `dataset` is its name in a job's task."""

    id: int
    name: str
    dataset: str
    sha256: Annotated[str, "Of its content and split."]
    kind: Literal["labelled", "multilabel", "pairs", "unlabelled"]
    format: str
    n_samples: int
    n_bytes: Annotated[int, "Of its files on the server's disk."]
    n_dims: int
    n_channels: int
    target_channels: Annotated[int | None, "Of the targets of pairs."]
    dtype: Literal["uint8", "float32"]
    storage: Annotated[
        Literal["values", "encoded"], "Decoded values, or the uploaded image files."
    ]
    size_px: Annotated[int, "The smallest side of the smallest sample."]
    largest_px: int
    is_uniform: Annotated[bool, "Whether all samples have one size."]
    classes: list[str]
    counts: Annotated[dict[str, int], "Samples of each split."]
    class_counts: Annotated[
        dict[str, list[int]] | None,
        "Of each split, the samples of each class; null without labels.",
    ]
    group_counts: Annotated[
        dict[str, int] | None,
        "Groups of each split; null without groups, or where an earlier version stored the set.",
    ]
    preview_rows: Annotated[list[str], "The class of each row of the preview, if they have one."]
    warnings: list[str]
    left_out: Annotated[
        list[LeftOutAnswer] | None,
        "What of the upload is not in it; null where an earlier version stored it.",
    ]
    created_at: Time


def earlier_looks_in_words(n_jobs: int) -> str:
    """Say how many jobs had judged on a job's test split before it."""
    if n_jobs == 0:
        return "No job has looked at this test split before."
    return f"This test split has been looked at by {counted(n_jobs, 'job')} before this one."


def marked_arm(report: Mapping[str, Any], light: str | None = None) -> str | None:
    """Return the arm that a report's table marks: the one that its result recommends.

    It is that of the decision, else that of the verdict; without either the search with the lowest
    validation loss, unless a control had a lower test loss. None where nothing is decided.

    Args:
        report: Of a job.
        light: Of its decision.
    """
    answer = report.get("answer")
    if not answer:
        return _best_search(report)
    question = answer["question"]
    if light == "adopt" or (light != "leave out" and answer["outcome"] == "better"):
        return str(question["arm"])
    is_open = light != "leave out" and answer["outcome"] == "not decided"
    return None if is_open else str(question["against"])


def _best_search(report: Mapping[str, Any]) -> str | None:
    best = report["best_arm"]
    means = {arm["name"]: (arm.get("test") or {}).get("loss_mean") for arm in report["arms"]}
    controls = [arm["name"] for arm in report["arms"] if arm["role"] != "search"]
    own = means.get(best)
    lower = [n for n in controls if own is not None and (means[n] is not None and means[n] < own)]
    return None if lower else best
