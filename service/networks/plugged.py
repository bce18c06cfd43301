"""Networks that packages beside this one bring."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Protocol

from pydantic import PlainValidator, SerializeAsAny, WithJsonSchema

from service import density, own_sections
from service.networks.layer import Layer
from service.own_sections import OwnSection
from service.plugins import Group, Plugin, PluginError, called

GROUP: Group = "densearch.networks"
BUILT_IN = ("small_cnn", "vgg", "resnet", "dncnn", "unet", "nafnet")


class OwnNetwork(OwnSection):
    """The settings of a network of one's own: a plug-in's section inherits this."""


class NetworkPlugin(Protocol):
    """What an entry point of `densearch.networks` names. Its module is imported without torch.

    Attributes:
        title: What a page calls it.
        tasks: The kinds of task that it fits: "classification", "denoising" and so on.
        n_dims: The numbers of axes that its samples may have, of 1 to 3.
        section: Its settings; the docstring describes it, and every field has a default.
        takes: What stands behind the colon of its `kind`, such as "NAME"; may be left out.
        built_on: Packages whose versions its trainings depend on beside its own; may be left out.
    """

    title: ClassVar[str]
    tasks: ClassVar[Sequence[str]]
    n_dims: ClassVar[Sequence[int]]
    section: ClassVar[type[OwnNetwork]]

    def layers(self, section: Any, /) -> Iterable[Layer]:  # noqa: ANN401 - its own section
        """List, in the order of `named_modules()`, the convolutions that carry a density."""

    def build(self, settings: Mapping[str, Any], shape: Any, n_outputs: int, /) -> Any:  # noqa: ANN401 - torch's, and the workers'
        """Build the `torch.nn.Module`; its weights are drawn anew afterwards.

        Args:
            settings: The section as plain values.
            shape: A sample's `n_channels`, `size_px` and `n_dims`, see
                `workers.training.networks.InputShape`.
            n_outputs: Classes, or channels of the output image.
        """


def plugin_of(kind: str) -> Plugin:
    """Return the plug-in that a kind of network names.

    Raises:
        PluginError: As `service.own_sections.plugin_of`.
    """
    return own_sections.plugin_of(GROUP, kind, BUILT_IN)


def layers_of(section: OwnNetwork) -> list[Layer]:
    """Return the layers of a network of one's own that carry a density.

    Raises:
        PluginError: The plug-in lists none, or such as can carry none, or fails.
    """
    plugin = plugin_of(section.kind)
    found: list[Layer] = called(
        plugin, "listing its layers", lambda: list(plugin.value.layers(section))
    )
    fault = _fault_of(found)
    if fault is not None:
        raise PluginError(f"{section.kind} of {plugin.package} cannot be weighed: {fault}")
    return found


def _fault_of(layers: Sequence[Layer]) -> str | None:
    if not layers:
        return "it has no convolution with an odd kernel above 1, the same along every axis"
    if len({layer.name for layer in layers}) < len(layers):
        return "it lists a layer twice"
    for layer in layers:
        if layer.kernel_size % 2 == 0 or not 3 <= layer.kernel_size <= density.MAX_KERNEL_SIZE:
            return (
                f"layer {layer.name!r} has the kernel size {layer.kernel_size}: a density needs "
                f"an odd one, from 3 to {density.MAX_KERNEL_SIZE}; leave the layer out of the list"
            )
    if len({layer.stage is None for layer in layers}) > 1:
        return "either all of its layers have a stage, or none has"
    return None


def _validated(value: object) -> OwnNetwork:
    return own_sections.validated(value, OwnNetwork, plugin_of, layers_of)


PluggedNetwork = Annotated[
    SerializeAsAny[OwnNetwork],
    PlainValidator(_validated),
    WithJsonSchema(
        own_sections.open_schema(
            "OwnNetwork",
            "A network of one's own, with the settings that its package gives it.",
            BUILT_IN,
        )
    ),
]
