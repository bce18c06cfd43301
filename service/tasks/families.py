"""What the sections of several kinds of task share: their data, patches or whole samples."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from densearch.plugins.data_info import DataInfo
from densearch.plugins.sections import WRITTEN_BY_SERVER, Section

DatasetName = Annotated[
    str,
    Field(
        max_length=200,
        pattern=r"^[a-z][a-z0-9_.-]*(:[A-Za-z0-9_.-]+)?$",
        description="A built-in set, one of a package's own, or one stored before by its id, such "
        'as "stored:12".',
    ),
]
Data = Annotated[
    DataInfo | None,
    Field(
        default=None,
        description="The server fills it in for a stored set: leave it out.",
        json_schema_extra={WRITTEN_BY_SERVER: True},
    ),
]


def _size_of_subset(value: object) -> object:
    is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 1
    is_part = isinstance(value, float) and 0.0 < value < 1.0
    if value is None or is_count or is_part:
        return value
    raise ValueError(
        "must be a number of training samples from 1, or a part of them above 0 and below 1, "
        "such as 500 or 0.5"
    )


NTrain = Annotated[
    Annotated[int, Field(ge=1)] | Annotated[float, Field(gt=0, lt=1)] | None,
    BeforeValidator(_size_of_subset),
    Field(
        default=None,
        title="Training samples",
        exclude_if=lambda n_train: n_train is None,  # as specs were stored before there was one
        description="Samples of the training split that are used, or the part of them: nested "
        "subsets that the job's seed draws, classes in proportion; all if unset.",
    ),
]
SizePx = Annotated[
    int | None,
    Field(
        default=None,
        ge=8,
        le=1024,
        description="Side of the squares that are cut out of images which are stored as they "
        "came, at random to train on and in the middle to judge on, px.",
    ),
]
LEAST_PATCH_PX = 16
PatchPx = Annotated[
    int, Field(default=40, ge=LEAST_PATCH_PX, le=128, description="Side of a patch, px.")
]
NPatches = Annotated[
    int, Field(default=1024, ge=1, le=1_000_000, description="Training patches in an epoch.")
]


class DataTask(Section):
    """A task of this package that trains a network on a data set."""

    kind: str
    dataset: DatasetName
    data: Data
    n_train: NTrain


class PatchTask(DataTask):
    """A task whose network maps samples to outputs of their size, trained on patches."""

    patch_px: PatchPx
    n_patches: NPatches


class LabelledTask(DataTask):
    """A task whose network answers about whole samples of one size."""

    size_px: SizePx
