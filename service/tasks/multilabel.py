"""Multi-label classification: say of each label whether a sample has it."""

from __future__ import annotations

from typing import Literal

from densearch.plugins.data_info import DataInfo
from service.tasks.families import DatasetName, LabelledTask
from service.tasks.info import TaskInfo


class MultilabelTask(LabelledTask):
    """Say of each label whether a sample has it; the objective is the binary cross-entropy."""

    kind: Literal["multilabel"]
    dataset: DatasetName = "mosaics"


INFO = TaskInfo(
    section=MultilabelTask,
    answer="classes",
    takes=("multilabel",),
    sets={"mosaics": DataInfo(size_px=32, n_outputs=3, n_training=2000)},
)
