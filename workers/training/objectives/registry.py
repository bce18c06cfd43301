"""The table of objectives. A new kind of task is one module and one row here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import torch

from workers.training.objectives.base import Objective
from workers.training.objectives.classification import ClassificationObjective
from workers.training.objectives.denoising import DenoisingObjective

Factory = Callable[[Mapping[str, Any], torch.device, Mapping[str, Any], str | None], Objective]
OBJECTIVES: Mapping[str, Factory] = MappingProxyType(
    {"denoising": DenoisingObjective, "classification": ClassificationObjective}
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
        ValueError: No kind of task, or no data set, has that name; or the training asks for what
            this kind of task, or its images, cannot have.
    """
    kind = section["kind"]
    if kind not in OBJECTIVES:
        raise ValueError(f"unknown task {kind!r}: known are {', '.join(sorted(OBJECTIVES))}")
    return OBJECTIVES[kind](section, device, training, data_dir)
