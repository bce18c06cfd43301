"""The table of objectives. A new kind of task is one module and one row here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import torch

from workers.training.objectives.base import Objective
from workers.training.objectives.classification import ClassificationObjective
from workers.training.objectives.denoising import DenoisingObjective
from workers.training.objectives.image_to_image import ImageToImageObjective
from workers.training.objectives.multilabel import MultilabelObjective
from workers.training.objectives.plugin import own_objective

Factory = Callable[[Mapping[str, Any], torch.device, Mapping[str, Any], str | None], Objective]
OBJECTIVES: Mapping[str, Factory] = MappingProxyType(
    {
        "denoising": DenoisingObjective,
        "image_to_image": ImageToImageObjective,
        "classification": ClassificationObjective,
        "multilabel": MultilabelObjective,
    }
)


def build_objective(
    section: Mapping[str, Any],
    device: torch.device,
    training: Mapping[str, Any],
    data_dir: str | None = None,
) -> Objective:
    """Build the objective that a job's task section names.

    Args:
        section: The job's task section.
        device: Where its data are kept.
        training: The job's training section: `label_smoothing` and `augmentation`, where present.
        data_dir: Where the stored data sets lie.

    Raises:
        ValueError: No kind of task, here or in another package, or no data set has that name; or
            the training asks for what this kind of task, or its images, cannot have.
    """
    return OBJECTIVES.get(section["kind"], own_objective)(section, device, training, data_dir)
