"""Response models of data sets."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from api.schemas.base import ListOut, Out


class DatasetOut(Out):
    """A stored data set; `dataset` is its name in a job's task."""

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
        default="values", description="Decoded values, or the uploaded image files."
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
    """A built-in data set; `dataset` is its name in a job's task."""

    dataset: str
    task: str = Field(description="The kind of task that uses it.")
    n_dims: int
    n_channels: int
    size_px: int | None
    is_uniform: bool
    n_outputs: int
    n_training: int | None


class DatasetsOut(ListOut[DatasetOut]):
    """A page of stored sets, and all built-in sets."""

    built_in: list[BuiltInOut]
