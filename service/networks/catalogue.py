"""The catalogue of networks: what a user, and what the service, may know of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from inspect import cleandoc
from types import MappingProxyType
from typing import Any

from densearch.plugins.layer import Layer
from densearch.plugins.sections import OwnNetwork
from service.extensions import entry_points
from service.extensions.entry_points import Plugin
from service.extensions.sections import at_defaults, section_of
from service.networks import layers
from service.networks import plugin as plugged
from service.networks.sections import AnyNetwork, DnCnn, NafNet, ResNet, SmallCnn, UNet, Vgg
from service.tasks.external import ExternalNetwork
from service.tasks.registry import TASKS, answering


@dataclass(frozen=True, slots=True)
class NetworkInfo:
    """A network that a spec may name.

    Attributes:
        name: What a spec calls it, its section's `kind`.
        title: What a page calls it.
        tasks: The kinds of task that it fits.
        section: The settings it takes; its docstring is the description.
        layers: From its section to its convolutions with a kernel above 1, in its order.
        n_dims: The numbers of axes that its samples may have.
        takes: What stands behind a colon of its `kind`, such as "NAME"; None for nothing.
        package: What brings it, with its version, where it is not built in.
    """

    name: str
    title: str
    tasks: tuple[str, ...]
    section: type[AnyNetwork]
    layers: Callable[[Any], Iterable[Layer]]
    n_dims: tuple[int, ...] = (2,)
    takes: str | None = None
    package: str | None = None

    def to_dict(self) -> dict[str, object]:
        """Return the public description; `section` is the JSON schema of its settings."""
        section = self.section.model_json_schema()
        if self.package is not None and self.takes is None:
            section["properties"]["kind"] = {"const": self.name, "type": "string"}
        return {
            "name": self.name,
            "title": self.title,
            "description": cleandoc(self.section.__doc__ or ""),
            "tasks": list(self.tasks),
            "n_dims": list(self.n_dims),
            "takes": self.takes,
            "package": self.package,
            "section": section,
        }


_ANY = (1, 2, 3)
_CLASSES, _IMAGE = answering("classes"), answering("image")
_NETWORKS: Mapping[str, NetworkInfo] = MappingProxyType(
    {
        info.name: info
        for info in (
            NetworkInfo("small_cnn", "Small CNN", _CLASSES, SmallCnn, layers.small_cnn, _ANY),
            NetworkInfo("vgg", "VGG", _CLASSES, Vgg, layers.vgg),
            NetworkInfo("resnet", "ResNet", _CLASSES, ResNet, layers.resnet),
            NetworkInfo("dncnn", "DnCNN", _IMAGE, DnCnn, layers.dncnn, _ANY),
            NetworkInfo("unet", "U-Net", _IMAGE, UNet, layers.unet),
            NetworkInfo("nafnet", "NAFNet", _IMAGE, NafNet, layers.nafnet),
        )
    }
)


def catalogue() -> list[NetworkInfo]:
    """The networks of this package."""
    return list(_NETWORKS.values())


def own() -> list[NetworkInfo]:
    """The networks that other packages bring and that can be used."""
    usable = []
    for plugin in entry_points.every(plugged.GROUP):
        if plugin.error is None and plugin.name not in _NETWORKS:
            with suppress(entry_points.PluginError):
                usable.append(described(plugin))
    return usable


def described(plugin: Plugin) -> NetworkInfo:
    """Return what is known of a network that another package brings, once it was checked.

    Raises:
        PluginError: It has no schema, no valid defaults, no layers at its defaults, or needs what
            is not installed.
    """
    if plugin.lacks:
        raise entry_points.PluginError(
            f"it needs {', '.join(plugin.lacks)}, which is not installed here"
        )
    info = _info_of(plugged.held(plugin))
    entry_points.called(plugin, "describing its settings", info.to_dict)
    if info.takes is None:
        plugged.layers_of(at_defaults(plugin, section_of(plugin, OwnNetwork)))
    return info


def describe(kind: str) -> NetworkInfo:
    """Return what is known of the network of this name.

    Raises:
        PluginError: There is none, here or in another package, or it cannot be used.
    """
    return _NETWORKS.get(kind) or _info_of(plugged.plugin_of(kind))


def _info_of(plugin: Plugin) -> NetworkInfo:
    value = plugin.value
    return NetworkInfo(
        plugin.name,
        value.title,
        tuple(value.tasks),
        section_of(plugin, OwnNetwork),
        plugged.layers_of,
        tuple(value.n_dims),
        getattr(value, "takes", None),
        plugin.package,
    )


def fitting(task: str, n_dims: int | None = None) -> list[NetworkInfo]:
    """This package's networks that fit a kind of task, and samples of so many axes.

    The first is the task's default.

    Args:
        task: The kind.
        n_dims: 1 to 3; any number when None.
    """
    found = [info for info in catalogue() if task in info.tasks]
    fits = [info for info in found if n_dims is None or n_dims in info.n_dims]
    return sorted(fits, key=lambda info: info.name != TASKS[task].network)


def layers_of(network: AnyNetwork) -> list[Layer]:
    """Return a network's convolutions with a kernel above 1, in its order: what can be weighed."""
    if isinstance(network, ExternalNetwork):
        return list(network.layers)
    return list(describe(network.kind).layers(network))


def n_halvings(network: AnyNetwork) -> int:
    """How often the image has been halved where the network's last stage convolves.

    0 for networks without stages: what pooling `small_cnn` does follows from the image.
    """
    return network.n_stages - 1 if isinstance(network, Vgg | ResNet | UNet | NafNet) else 0
