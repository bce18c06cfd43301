"""Tasks that plug-in packages provide: an objective with its data."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import PlainValidator, SerializeAsAny, WithJsonSchema

from densearch.plugins.data_info import DataInfo
from densearch.plugins.sections import OwnTask
from service.extensions import entry_points, sections
from service.extensions.entry_points import Plugin, called, unusable
from service.tasks.kinds import NAMES

GROUP = entry_points.OBJECTIVES
# By what a network answers: the kind of task whose networks answer so.
LIKE: Mapping[str, Literal["classification", "denoising"]] = MappingProxyType(
    {"classes": "classification", "image": "denoising"}
)


def plugin_of(kind: str) -> Plugin:
    """Return the plug-in that a kind of task names.

    Raises:
        PluginError: As `service.extensions.sections.plugin_of`; or its `outputs` is not
            one of `LIKE`.
    """
    plugin = sections.plugin_of(GROUP, kind, NAMES)
    if plugin.value.outputs not in LIKE:
        reason = f"its outputs are {plugin.value.outputs!r}, not {' or '.join(LIKE)}"
        raise unusable(plugin, reason)
    return plugin


def data_of(section: OwnTask) -> DataInfo:
    """Return what the data of a plug-in's task are.

    Raises:
        PluginError: The plug-in fails, or answers something else.
    """
    plugin = plugin_of(section.kind)
    info = called(plugin, "giving its data", plugin.value.data_of, section)
    if not isinstance(info, DataInfo):
        reason = "its data_of gives no densearch.plugins.DataInfo"
        raise unusable(plugin, reason)
    return info


def like(section: OwnTask) -> Literal["classification", "denoising"]:
    """Return the kind of task whose networks a task of one's own takes."""
    return LIKE[plugin_of(section.kind).value.outputs]


def _validated(value: object) -> OwnTask:
    return sections.validated(value, OwnTask, plugin_of, data_of)


PluggedTask = Annotated[
    SerializeAsAny[OwnTask],
    PlainValidator(_validated),
    WithJsonSchema(
        sections.open_schema(
            "OwnTask",
            "A plug-in task, with the settings that its package defines.",
            NAMES,
        )
    ),
]
