"""Networks that packages beside this one bring: found by name, and held to their own settings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Protocol, cast

from pydantic import Field, PlainValidator, SerializeAsAny, ValidationError, WithJsonSchema
from pydantic_core import InitErrorDetails, PydanticCustomError

from service import density, plugins
from service.networks.layer import Layer
from service.plugins import Plugin, PluginError
from service.section import Section

GROUP: plugins.Group = "densearch.networks"
BUILT_IN = ("small_cnn", "vgg", "resnet", "dncnn", "unet", "nafnet")
KIND_PATTERN = r"^[a-z][a-z0-9_.-]{0,63}(:[A-Za-z0-9_./-]{1,128})?$"


class OwnNetwork(Section):
    """The settings of a network of one's own: a plug-in's section inherits this.

    Attributes:
        kind: The plug-in's name; behind a colon may stand what its `takes` says.
    """

    kind: str = Field(pattern=KIND_PATTERN)

    @property
    def argument(self) -> str:
        """What stands behind the colon of `kind`."""
        return self.kind.partition(":")[2]


class NetworkPlugin(Protocol):
    """What an entry point of `densearch.networks` names. Its module is imported without torch.

    Attributes:
        title: What a page calls it.
        tasks: The kinds of task that it fits: "classification", "denoising" and so on.
        n_dims: The numbers of axes that its samples may have, of 1 to 3.
        section: Its settings; the docstring describes it, and every field has a default.
        takes: What stands behind the colon of its `kind`, such as "NAME"; may be left out.
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
        PluginError: There is none, it cannot be used, or the kind names nothing behind its colon
            where it should, or something where it should not.
    """
    name, _, argument = kind.partition(":")
    plugin = plugins.load(GROUP, name)
    if not re.fullmatch(KIND_PATTERN, kind):
        raise PluginError("behind the colon stand letters, digits and _ . / - alone, at most 128")
    takes = getattr(plugin.value, "takes", None)
    if takes is None and argument:
        raise PluginError(f"{name} stands alone: leave {':' + argument!r} out")
    if takes is not None and not argument:
        raise PluginError(f'say which {name}: "{name}:{takes}"')
    return plugin


def value_of(plugin: Plugin) -> NetworkPlugin:
    """Return a loaded plug-in's object as what it is.

    Raises:
        PluginError: Its section is none, or a field of it has no default.
    """
    section = plugin.value.section
    if not (isinstance(section, type) and issubclass(section, OwnNetwork)):
        raise PluginError(
            f"{plugin.name!r} of {plugin.package} cannot be used: its section does not inherit "
            "service.networks.OwnNetwork"
        )
    return cast("NetworkPlugin", plugin.value)


def layers_of(section: OwnNetwork) -> list[Layer]:
    """Return the layers of a network of one's own that carry a density.

    Raises:
        PluginError: The plug-in lists none, or such as carry none, or fails.
    """
    plugin = plugin_of(section.kind)
    try:
        found = list(value_of(plugin).layers(section))
    except PluginError:
        raise
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
        raise PluginError(f"{plugin.package} cannot list its layers: {told}") from error
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
    """Hold a network section to its plug-in's settings, once it is known which that is."""
    if isinstance(value, OwnNetwork):
        return value
    kind = _kind_of(value)
    try:
        section = value_of(plugin_of(kind)).section
    except PluginError as error:
        raise _at_kind(_reason(kind, error), kind) from error
    valid = section.model_validate(value)
    layers_of(valid)
    return valid


def _kind_of(value: object) -> str:
    """Return `kind`, faulting whatever is no object with one."""
    kind = value.get("kind") if isinstance(value, Mapping) else None
    return kind if isinstance(kind, str) else OwnNetwork.model_validate(value).kind


def _reason(kind: str, error: PluginError) -> str:
    if kind.partition(":")[0] in plugins.names(GROUP):
        return str(error)
    known = ", ".join(dict.fromkeys([*BUILT_IN, *plugins.names(GROUP)]))
    return f"unknown kind {kind[:100]!r}: choose {known}, or install the package that brings it"


def _at_kind(reason: str, kind: str) -> ValidationError:
    detail = PydanticCustomError("plugin", "{reason}", {"reason": reason})
    line = InitErrorDetails(type=detail, loc=("kind",), input=kind)
    return ValidationError.from_exception_data("network", [line])


_SCHEMA = {
    "title": "OwnNetwork",
    "description": "A network of one's own, with the settings that its package gives it.",
    "type": "object",
    "properties": {
        "kind": {"type": "string", "pattern": KIND_PATTERN, "not": {"enum": list(BUILT_IN)}}
    },
    "required": ["kind"],
    "additionalProperties": True,
}
PluggedNetwork = Annotated[
    SerializeAsAny[OwnNetwork], PlainValidator(_validated), WithJsonSchema(_SCHEMA)
]
