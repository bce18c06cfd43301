"""Tasks that packages beside this one bring: an objective with its data."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal, Protocol

from pydantic import PlainValidator, SerializeAsAny, WithJsonSchema

from service.datasets.info import DataInfo
from service.extensions import sections
from service.extensions.entry_points import Group, Plugin, PluginError, called
from service.extensions.sections import OwnSection

GROUP: Group = "densearch.objectives"
BUILT_IN = ("denoising", "image_to_image", "classification", "multilabel", "function")
# By what a network answers: the kind of task that has the networks which answer so.
LIKE: Mapping[str, Literal["classification", "denoising"]] = MappingProxyType(
    {"classes": "classification", "image": "denoising"}
)


class OwnTask(OwnSection):
    """The settings of a task of one's own: a plug-in's section inherits this."""


class ObjectivePlugin(Protocol):
    """What an entry point of `densearch.objectives` names. Its module is imported without torch.

    Attributes:
        title: What a page calls it.
        outputs: What its networks answer: "classes", a row of numbers for each sample, or
            "image", something of a sample's size. It takes the networks of classification or those
            of denoising.
        section: Its settings; the docstring describes it, and every field has a default.
    """

    title: ClassVar[str]
    outputs: ClassVar[Literal["classes", "image"]]
    section: ClassVar[type[OwnTask]]

    def data_of(self, section: Any, /) -> DataInfo:  # noqa: ANN401 - its own section
        """Tell what its samples are."""

    def build(
        self,
        settings: Mapping[str, Any],
        device: Any,  # noqa: ANN401 - torch's
        training: Mapping[str, Any],
        data_dir: str | None,
        /,
    ) -> Any:  # noqa: ANN401 - the workers'
        """Build the `workers.training.objectives.Objective`.

        Args:
            settings: The section as plain values.
            device: A `torch.device`, where its data are kept.
            training: The job's training section; refuse what makes no sense with a ValueError.
            data_dir: Where the stored data sets lie.
        """


def plugin_of(kind: str) -> Plugin:
    """Return the plug-in that a kind of task names.

    Raises:
        PluginError: As `service.extensions.sections.plugin_of`; or its `outputs` is none.
    """
    plugin = sections.plugin_of(GROUP, kind, BUILT_IN)
    if plugin.value.outputs not in LIKE:
        reason = f"its outputs are {plugin.value.outputs!r}, not {' or '.join(LIKE)}"
        raise PluginError(f"{plugin.name!r} of {plugin.package} cannot be used: {reason}")
    return plugin


def data_of(section: OwnTask) -> DataInfo:
    """Return what the data of a task of one's own are.

    Raises:
        PluginError: The plug-in fails, or answers something else.
    """
    plugin = plugin_of(section.kind)
    info = called(plugin, "telling its data", plugin.value.data_of, section)
    if not isinstance(info, DataInfo):
        reason = "its data_of gives no service.datasets.info.DataInfo"
        raise PluginError(f"{plugin.name!r} of {plugin.package} cannot be used: {reason}")
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
            "A task of one's own, with the settings that its package gives it.",
            BUILT_IN,
        )
    ),
]
