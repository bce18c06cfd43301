"""Objectives that plug-in packages provide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from densearch.plugins.objective import Objective
from service.extensions import entry_points
from service.extensions.entry_points import PluginError, called
from workers.training.objectives.held import HeldObjective

GROUP = entry_points.OBJECTIVES


def own_objective(
    section: Mapping[str, Any],
    device: torch.device,
    training: Mapping[str, Any],
    data_dir: str | None = None,
) -> Objective:
    """Build an objective that a package brings.

    Args:
        section: The job's task section.
        device: Where its data are kept.
        training: The job's training section.
        data_dir: Where the stored data sets lie.

    Raises:
        PluginError: No package brings it, it fails, or is not what it tells.
    """
    plugin = entry_points.load(GROUP, section["kind"].partition(":")[0])
    what = "building the objective"
    built = called(plugin, what, plugin.value.build, section, device, training, data_dir)
    if not isinstance(built, Objective):
        needed = "densearch.plugins.Objective"
        raise PluginError(f"{section['kind']} of {plugin.package} builds no {needed}")
    info = called(plugin, "giving its data", _data_of, plugin.value, section)
    return HeldObjective(built, f"{section['kind']} of {plugin.package}", info)


def _data_of(value: Any, section: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a plug-in, its DataInfo
    return value.data_of(value.section.model_validate(dict(section)))
