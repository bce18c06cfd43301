"""Response models of data sets."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from api.schemas.base import ListOut, Out
from api.schemas.typed import model_of
from densearch.answers import DatasetAnswer, LeftOutAnswer, LeftOutFile


class LeftOutFileOut(model_of(LeftOutFile)):  # type: ignore[misc] # made at run time
    """A file that is not in a data set; `detail` says what is wrong with it."""


class LeftOutOut(
    model_of(LeftOutAnswer, first=list[LeftOutFileOut])  # type: ignore[misc]
):
    """Files of an upload that are not in its data set, for one reason."""


class DatasetOut(
    model_of(  # type: ignore[misc]
        DatasetAnswer, left_out=list[LeftOutOut] | None, created_at=datetime
    )
):
    """A stored data set; `dataset` is its name in a job's task."""


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
