"""Classification: name the class of a sample."""

from __future__ import annotations

from typing import Literal

from densearch.plugins.data_info import DataInfo
from service.tasks.families import DatasetName, LabelledTask
from service.tasks.info import TaskInfo


class ClassificationTask(LabelledTask):
    """Name the class of a sample; the objective is the cross-entropy."""

    kind: Literal["classification"]
    dataset: DatasetName = "digits"


INFO = TaskInfo(
    section=ClassificationTask,
    answer="classes",
    takes=("labelled",),
    sets={
        "digits": DataInfo(size_px=8, n_outputs=10, n_training=1078, least_n_train=10),
        "textures": DataInfo(size_px=32, n_outputs=3, n_training=1767, least_n_train=3),
        "faces": DataInfo(size_px=25, n_outputs=2, n_training=120, least_n_train=2),
        "waveforms": DataInfo(n_dims=1, size_px=21, n_outputs=3, n_training=3000, least_n_train=3),
    },
    has_classes=True,
    metrics=("accuracy", "accuracy_top5"),
)
