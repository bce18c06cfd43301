"""What a network is trained for: the task sections of a spec."""

from __future__ import annotations

import math
from functools import reduce
from operator import or_
from typing import Annotated, Any

from pydantic import Discriminator, GetCoreSchemaHandler, Tag
from pydantic_core import CoreSchema

from densearch.plugins.data_info import DataInfo
from densearch.plugins.sections import OwnTask
from service.datasets import plugin as dataset_plugin
from service.extensions.entry_points import PluginError
from service.records import STORED
from service.tasks import plugin as task_plugin
from service.tasks.external import ExternalTask
from service.tasks.families import DataTask, LabelledTask, PatchTask
from service.tasks.function import FunctionTask
from service.tasks.kinds import NAMES
from service.tasks.plugin import PluggedTask
from service.tasks.registry import TASKS

# Those that train a network.
TrainingTask = DataTask | OwnTask
_OWN = "own"


def _tag(value: object) -> str:
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return kind if isinstance(kind, str) and kind in NAMES else _OWN


class _Sections:
    """Validates a task by the section of its kind."""

    def __get_pydantic_core_schema__(
        self,
        source: Any,  # noqa: ANN401 - the annotated type
        handler: GetCoreSchemaHandler,
    ) -> CoreSchema:
        tagged: list[Any] = [Annotated[TASKS[name].section, Tag(name)] for name in NAMES]
        union = reduce(or_, [*tagged, Annotated[PluggedTask, Tag(_OWN)]])
        return handler.generate_schema(Annotated[union, Discriminator(_tag)])


Task = Annotated[DataTask | FunctionTask | OwnTask, _Sections()]


def is_stored(task: TrainingTask) -> bool:
    """Whether a task names a stored data set."""
    return not isinstance(task, OwnTask) and task.dataset.partition(":")[0] == STORED


def data_of(task: TrainingTask) -> DataInfo | None:
    """Return what is known of a task's data.

    None for a stored set before it is looked up, and for a name that no set has.
    """
    if isinstance(task, ExternalTask):
        return task.data
    if isinstance(task, OwnTask):
        return task_plugin.data_of(task)
    if is_stored(task):
        return task.data
    built_in = TASKS[task.kind].sets.get(task.dataset)
    if built_in is not None:
        return built_in
    try:
        return dataset_plugin.info_of(task.kind, task.dataset)
    except PluginError:
        return None


def data_name(task: TrainingTask) -> str:
    """Return what a sentence calls a task's data."""
    return f"the data of {task.kind}" if isinstance(task, OwnTask) else task.dataset


def like(task: TrainingTask) -> str:
    """Return the kind of task whose networks a task takes: of the built-in ones, its own."""
    if isinstance(task, OwnTask) and not isinstance(task, ExternalTask):
        return task_plugin.like(task)
    return task.kind


def n_train_of(task: TrainingTask) -> int | None:
    """Return how many samples are trained on; None where it is not known.

    It is 0 for a part of the training split that rounds to no sample.
    """
    info = data_of(task)
    n_training = info.n_training if info is not None else None
    wanted = None if isinstance(task, OwnTask) else task.n_train
    if n_training is None or wanted is None:
        return n_training
    return math.floor(wanted * n_training + 0.5) if isinstance(wanted, float) else wanted


def n_samples_of(task: TrainingTask) -> int | None:
    """Return how many samples an epoch has; None where it is not known."""
    return task.n_patches if isinstance(task, PatchTask) else n_train_of(task)


def sample_px(task: TrainingTask) -> int | None:
    """Return the side of what a network is given, px; None where it is not known."""
    if isinstance(task, PatchTask):
        return task.patch_px
    if isinstance(task, LabelledTask) and task.size_px is not None:
        return task.size_px
    info = data_of(task)
    return info.size_px if info is not None else None
