"""The objectives by kind of task: the classes that `service.tasks.kinds` names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pkgutil import resolve_name
from types import MappingProxyType
from typing import Any

import torch

from densearch.plugins.objective import Objective
from service.tasks.kinds import TRAINED
from workers.training.objectives.plugin import own_objective

Factory = Callable[[Mapping[str, Any], torch.device, Mapping[str, Any], str | None], Objective]
OBJECTIVES: Mapping[str, Factory] = MappingProxyType(
    {kind: resolve_name(row.objective) for kind, row in TRAINED.items()}
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
