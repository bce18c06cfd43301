"""What the sections of several kinds of task share: their data, patches or whole samples."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from densearch.plugins.data_info import DataInfo
from densearch.plugins.sections import Section

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
    Field(default=None, description="The server fills it in for a stored set: leave it out."),
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


class PatchTask(DataTask):
    """A task whose network maps samples to outputs of their size, trained on patches."""

    patch_px: PatchPx
    n_patches: NPatches


class LabelledTask(DataTask):
    """A task whose network answers about whole samples of one size."""

    size_px: SizePx
