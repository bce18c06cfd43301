"""Every plug-in that is installed here, and whether it can be used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from service import networks, own_tasks, plugins
from service.datasets import own
from service.datasets.info import BUILT_IN as SETS
from service.datasets.info import STORED
from service.networks import plugged
from service.own_sections import at_defaults, section_of
from service.own_tasks import OwnTask
from service.plugins import Group, Plugin, PluginError


@dataclass(frozen=True, slots=True)
class Listed:
    """A plug-in, as `densearch doctor` tells of it.

    Attributes:
        what: "network", "data set" or "objective".
        name: What a spec calls it.
        package: What brings it, with its version.
        error: Why it cannot be used; None if it can.
        lacks: Packages that it needs, and that are not installed.
        is_shadowed: Whether something built in has its name, and is taken in its place.
    """

    what: str
    name: str
    package: str
    error: str | None
    lacks: tuple[str, ...]
    is_shadowed: bool


def listed() -> Iterator[Listed]:
    """Import and examine every plug-in; its settings stand at their defaults."""
    for group, (what, built_in, examine) in _GROUPS.items():
        for plugin in plugins.every(group):
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
        own.info_of(task, plugin.name)


def _objective(plugin: Plugin) -> None:
    own_tasks.data_of(at_defaults(plugin, section_of(plugin, OwnTask)))


_GROUPS: Mapping[Group, tuple[str, tuple[str, ...], Callable[[Plugin], object]]] = (
    MappingProxyType(
        {
            plugged.GROUP: ("network", plugged.BUILT_IN, networks.described),
            own.GROUP: (
                "data set",
                (STORED, *(name for kind in SETS.values() for name in kind)),
                _dataset,
            ),
            own_tasks.GROUP: ("objective", own_tasks.BUILT_IN, _objective),
        }
    )
)
