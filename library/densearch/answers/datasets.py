"""Data sets and their imports, as the REST API shows them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal, TypedDict

from densearch.answers.trials import Json, Time

ImportState = Literal["RUNNING", "SUCCEEDED", "FAILED", "LOST"]
ImportStage = Literal["waiting", "unpacking", "reading", "storing"]


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


class BuiltInAnswer(TypedDict):
    """A built-in data set; `dataset` is its name in a job's task."""

    dataset: str
    task: str
    n_dims: int
    n_channels: int
    size_px: int | None
    is_uniform: bool
    n_outputs: int
    n_training: int | None
