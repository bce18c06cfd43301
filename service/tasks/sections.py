"""What a network is trained for: the task sections of a spec."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from service.datasets import plugin as dataset_plugin
from service.datasets.info import BUILT_IN, DataInfo
from service.extensions.entry_points import PluginError
from service.records import STORED
from service.section import Section
from service.tasks import plugin as task_plugin
from service.tasks.plugin import OwnTask, PluggedTask

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


class DenoisingTask(Section):
    """Remove Gaussian noise from signals, images or volumes; the objective is the MSE."""

    kind: Literal["denoising"]
    dataset: DatasetName = "photos"
    data: Data
    noise_sigma: float = Field(
        default=25.0, gt=0, le=255, description="Standard deviation of the noise, of 255."
    )
    patch_px: PatchPx
    n_patches: NPatches


class ImageToImageTask(Section):
    """Turn each input into its target; the objective is the mean squared error."""

    kind: Literal["image_to_image"]
    dataset: DatasetName = "blurred_photos"
    data: Data
    patch_px: PatchPx
    n_patches: NPatches


class ClassificationTask(Section):
    """Name the class of a sample; the objective is the cross-entropy."""

    kind: Literal["classification"]
    dataset: DatasetName = "digits"
    data: Data
    size_px: SizePx


class MultilabelTask(Section):
    """Say of each label whether a sample has it; the objective is the binary cross-entropy."""

    kind: Literal["multilabel"]
    dataset: DatasetName = "mosaics"
    data: Data
    size_px: SizePx


FunctionName = Literal[
    "sphere", "rosenbrock", "ackley", "branin", "hartmann6", "levy", "rastrigin"
]


class FunctionTask(Section):
    """An analytic function on the unit cube: examines samplers and service, trains nothing."""

    kind: Literal["function"]
    name: FunctionName
    dimension: int = Field(default=2, ge=1, le=64, description="branin has 2, hartmann6 has 6.")
    sleep_s: float = Field(default=0.0, ge=0, le=3600, description="Pretended training time, s.")


# Those that train a network.
PatchTask = DenoisingTask | ImageToImageTask
LabelledTask = ClassificationTask | MultilabelTask
TrainingTask = PatchTask | LabelledTask | OwnTask
TaskKind = Literal["denoising", "image_to_image", "classification", "multilabel"]
_OWN = "own"


def _tag(value: object) -> str:
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return kind if isinstance(kind, str) and kind in task_plugin.BUILT_IN else _OWN


Task = Annotated[
    Annotated[DenoisingTask, Tag("denoising")]
    | Annotated[ImageToImageTask, Tag("image_to_image")]
    | Annotated[ClassificationTask, Tag("classification")]
    | Annotated[MultilabelTask, Tag("multilabel")]
    | Annotated[FunctionTask, Tag("function")]
    | Annotated[PluggedTask, Tag(_OWN)],
    Discriminator(_tag),
]


def is_stored(task: TrainingTask) -> bool:
    """Whether a task names a stored data set."""
    return not isinstance(task, OwnTask) and task.dataset.partition(":")[0] == STORED


def data_of(task: TrainingTask) -> DataInfo | None:
    """Return what is known of a task's data.

    None for a stored set before it is looked up, and for a name that no set has.
    """
    if isinstance(task, OwnTask):
        return task_plugin.data_of(task)
    if is_stored(task):
        return task.data
    built_in = BUILT_IN[task.kind].get(task.dataset)
    if built_in is not None:
        return built_in
    try:
        return dataset_plugin.info_of(task.kind, task.dataset)
    except PluginError:
        return None


def data_name(task: TrainingTask) -> str:
    """Return what a sentence calls a task's data."""
    return f"the data of {task.kind}" if isinstance(task, OwnTask) else task.dataset


def like(task: TrainingTask) -> TaskKind:
    """Return the kind of task whose networks a task takes: of the built-in ones, its own."""
    return task_plugin.like(task) if isinstance(task, OwnTask) else task.kind


def n_samples_of(task: TrainingTask) -> int | None:
    """Return how many samples an epoch has; None where it is not known."""
    if isinstance(task, PatchTask):
        return task.n_patches
    info = data_of(task)
    return info.n_training if info is not None else None


def sample_px(task: TrainingTask) -> int | None:
    """Return the side of what a network is given, px; None where it is not known."""
    if isinstance(task, PatchTask):
        return task.patch_px
    if isinstance(task, LabelledTask) and task.size_px is not None:
        return task.size_px
    info = data_of(task)
    return info.size_px if info is not None else None
