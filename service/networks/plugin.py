"""Networks that plug-in packages provide."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import PlainValidator, SerializeAsAny, WithJsonSchema

from densearch.density import families
from densearch.plugins.layer import Layer
from densearch.plugins.sections import OwnNetwork
from service.extensions import entry_points, sections
from service.extensions.entry_points import Plugin, PluginError, called, unusable
from service.tasks.kinds import TRAINED

GROUP = entry_points.NETWORKS
# Names of layers are columns, parts of file names and text on pages.
NAME = re.compile(r"(?=.{1,200}$)[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
TASKS = tuple(TRAINED)
BUILT_IN = ("small_cnn", "vgg", "resnet", "dncnn", "unet", "nafnet")


def plugin_of(kind: str) -> Plugin:
    """Return the plug-in that a kind of network names.

    Raises:
        PluginError: As `service.extensions.sections.plugin_of` and `held`.
    """
    return held(sections.plugin_of(GROUP, kind, BUILT_IN))


def held(plugin: Plugin) -> Plugin:
    """Return a plug-in after checking its title, tasks and axes.

    Raises:
        PluginError: One of them is not what it must be.
    """
    value = plugin.value
    needed = {
        "title is no text": isinstance(value.title, str),
        f"tasks are not a tuple of some of {', '.join(TASKS)}": _is_some_of(value.tasks, TASKS),
        "n_dims are not a tuple of some of 1, 2, 3": _is_some_of(value.n_dims, (1, 2, 3)),
    }
    faults = [fault for fault, is_met in needed.items() if not is_met]
    if faults:
        reason = f"its {', its '.join(faults)}"
        raise unusable(plugin, reason)
    return plugin


def _is_some_of(given: object, allowed: Sequence[object]) -> bool:
    return (
        isinstance(given, tuple | list) and len(given) > 0 and all(one in allowed for one in given)
    )


def layers_of(section: OwnNetwork) -> list[Layer]:
    """Return the layers of a plug-in network that carry a density.

    Raises:
        PluginError: It lists no layer, or one that cannot carry a density, or it fails.
    """
    plugin = plugin_of(section.kind)
    found: list[Layer] = called(
        plugin, "listing its layers", lambda: list(plugin.value.layers(section))
    )
    fault = _fault_of(found)
    if fault is not None:
        raise PluginError(f"{section.kind} of {plugin.package} cannot carry a density: {fault}")
    return found


def _fault_of(layers: Sequence[Layer]) -> str | None:
    if not layers:
        return (
            "it has no convolution with an odd kernel above 1, the same along every axis, that "
            "uses its weights as they are"
        )
    for layer in layers:
        fault = _fault_of_one(layer)
        if fault is not None:
            return fault
    if len({layer.name for layer in layers}) < len(layers):
        return "it lists a layer twice"
    if len({layer.stage is None for layer in layers}) > 1:
        return "either all of its layers have a stage, or none has"
    return None


def _fault_of_one(layer: Any) -> str | None:  # noqa: ANN401 - whatever it lists
    if not isinstance(layer, Layer):
        return f"it lists {layer!r:.100}, which is no densearch.plugins.Layer"
    name, size, stage = layer.name, layer.kernel_size, layer.stage
    if not (isinstance(name, str) and NAME.fullmatch(name)):
        return (
            f"a layer is called {name!r:.100}: give its place in named_modules(), letters, "
            "digits, _ and - with dots between them, at most 200; a network that is itself a "
            "convolution needs a module around it"
        )
    if type(size) is not int or size % 2 == 0 or not 3 <= size <= families.MAX_KERNEL_SIZE:
        return (
            f"layer {name!r} has the kernel size {size!r:.100}: a density needs an odd one, from "
            f"3 to {families.MAX_KERNEL_SIZE}; leave the layer out of the list"
        )
    if stage is not None and (type(stage) is not int or stage < 1):
        return f"layer {name!r} has the stage {stage!r:.100}: number stages from 1, or give none"
    return None


def _validated(value: object) -> OwnNetwork:
    return sections.validated(value, OwnNetwork, plugin_of, layers_of)


PluggedNetwork = Annotated[
    SerializeAsAny[OwnNetwork],
    PlainValidator(_validated),
    WithJsonSchema(
        sections.open_schema(
            "OwnNetwork",
            "A plug-in network, with the settings that its package defines.",
            BUILT_IN,
        )
    ),
]
