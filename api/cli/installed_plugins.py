"""Every plug-in that is installed here, and whether it can be used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from densearch.plugins.sections import OwnTask
from service import networks, samplers
from service.datasets import plugin as dataset_plugin
from service.extensions import entry_points
from service.extensions.entry_points import Group, Plugin, PluginError
from service.extensions.sections import at_defaults, section_of
from service.networks import plugin as network_plugin
from service.records import STORED
from service.samplers.catalogue import plugin as sampler_plugin
from service.tasks import plugin as task_plugin
from service.tasks.kinds import NAMES
from service.tasks.registry import built_in_sets


@dataclass(frozen=True, slots=True)
class Listed:
    """A plug-in, as `densearch doctor` lists it.

    Attributes:
        what: "network", "data set", "objective" or "sampler".
        name: What a spec calls it.
        package: The package that registers it, with its version.
        error: Why it cannot be used; None if it can.
        lacks: Packages that it needs and that are not installed.
        is_shadowed: Whether something built in has its name and is used instead.
    """

    what: str
    name: str
    package: str
    error: str | None
    lacks: tuple[str, ...]
    is_shadowed: bool


def listed() -> Iterator[Listed]:
    """Import and examine every plug-in, with its settings at their defaults."""
    for group, (what, built_in, examine) in _GROUPS.items():
        for plugin in entry_points.every(group):
            is_shadowed = plugin.name in built_in
            error = plugin.error or (None if is_shadowed else _error(plugin, examine))
            yield Listed(what, plugin.name, plugin.package, error, plugin.lacks, is_shadowed)


def _error(plugin: Plugin, examine: Callable[[Plugin], object]) -> str | None:
    try:
        examine(plugin)
    except PluginError as error:
        return str(error)
    return None


def _dataset(plugin: Plugin) -> None:
    for task in plugin.value.info:
        dataset_plugin.info_of(task, plugin.name)


def _objective(plugin: Plugin) -> None:
    task_plugin.data_of(at_defaults(plugin, section_of(plugin, OwnTask)))


_GROUPS: Mapping[Group, tuple[str, tuple[str, ...], Callable[[Plugin], object]]] = (
    MappingProxyType(
        {
            network_plugin.GROUP: ("network", network_plugin.BUILT_IN, networks.described),
            dataset_plugin.GROUP: (
                "data set",
                (STORED, *(name for _, name, _ in built_in_sets())),
                _dataset,
            ),
            task_plugin.GROUP: ("objective", NAMES, _objective),
            entry_points.SAMPLERS: (
                "sampler",
                tuple(info.name for info in samplers.catalogue()),
                sampler_plugin.probe,
            ),
        }
    )
)
