"""What other packages bring: networks, data sets, objectives and samplers, by entry points.

Nothing is imported before it is named. A plug-in that cannot be used breaks nothing: a spec that
names it is refused with the reason, and `densearch doctor` lists it. This module needs the
standard library alone, so that workers read it too.

Source: https://packaging.python.org/en/latest/specifications/entry-points/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from importlib.metadata import (
    Distribution,
    EntryPoint,
    PackageNotFoundError,
    distributions,
    version,
)
from types import MappingProxyType
from typing import Any, Literal

from densearch.names import quoted
from densearch.plugins.contracts import CONTRACTS, parts_of

Group = Literal[
    "densearch.networks", "densearch.datasets", "densearch.objectives", "densearch.samplers"
]
NETWORKS: Group = "densearch.networks"
DATASETS: Group = "densearch.datasets"
OBJECTIVES: Group = "densearch.objectives"
SAMPLERS: Group = "densearch.samplers"
NAME = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
# What is called so has no version that a result could name.
NAMELESS = "a nameless package"
# What a package's code may raise; `sys.exit` in it must not end the server.
FAILURES = (Exception, SystemExit)


class PluginError(ValueError):
    """A plug-in is missing, or cannot be used; the message says why and what to do."""


@dataclass(frozen=True, slots=True, eq=False)
class Plugin:
    """What a package registers under a name; equal to itself alone, and loaded once in a process.

    Attributes:
        group: Of entry points.
        name: What a spec calls it.
        package: The distribution, with its version: "own-network 0.1.0"; behind it those that the
            object lists as `built_on`, where a training depends on their versions too.
        value: The object, once it is loaded.
        error: Why it cannot be used, None if it can.
        lacks: Those of `built_on` that are not installed here.
    """

    group: Group
    name: str
    package: str
    value: Any = None
    error: str | None = None
    lacks: tuple[str, ...] = ()


def names(group: Group) -> list[str]:
    """Return the names that packages register, without importing anything."""
    return [name for of, name in _entries() if of == group]


def every(group: Group) -> list[Plugin]:
    """Return the plug-ins of a group, loaded, those that cannot be used with their error."""
    return [_loaded(group, name) for name in names(group)]


def load(group: Group, name: str) -> Plugin:
    """Return a plug-in that can be used.

    Raises:
        PluginError: No package registers the name, or what it registers cannot be used.
    """
    if (group, name) not in _entries():
        raise PluginError(
            f"no package here registers {quoted(name)} in {group}{_nearest(group, name)}"
        )
    plugin = _loaded(group, name)
    if plugin.error is not None:
        raise unusable(plugin, plugin.error)
    return plugin


def require(packages: Mapping[Group, Mapping[str, str]]) -> None:
    """Hold what is installed here to what a training was described with.

    Args:
        packages: By group and name, the package and version that is needed.

    Raises:
        PluginError: One is missing here, or has another version.
    """
    for group, wanted in packages.items():
        for name, package in wanted.items():
            found = load(group, name).package
            if found != package:
                raise PluginError(
                    f"{quoted(name)} is of {package} where the trial was described, and of "
                    f"{found} here: install one version on the server and on every worker"
                )


def forget() -> None:
    """Forget which packages were found: those installed since then are found at the next look."""
    _entries.cache_clear()
    _loaded.cache_clear()


def called(plugin: Plugin, what: str, function: Callable[..., Any], *args: object) -> Any:  # noqa: ANN401 - the plug-in's answer
    """Return what a plug-in's function answers.

    Raises:
        PluginError: It raised something; the message says at what.
    """
    try:
        return function(*args)
    except PluginError:
        raise
    except FAILURES as error:
        raise failed(plugin, what, error) from error


def unusable(plugin: Plugin, reason: str) -> PluginError:
    """Return the error that says why a plug-in cannot be used."""
    return PluginError(f"{plugin.name!r} of {plugin.package} cannot be used: {reason}")


def failed(plugin: Plugin, what: str, error: BaseException) -> PluginError:
    """Return the error for what a plug-in's code raised, and during what."""
    reason = f"{type(error).__name__}: {error}"
    return PluginError(f"{plugin.name!r} of {plugin.package} fails at {what}: {reason}")


def _nearest(group: Group, name: str) -> str:
    near = get_close_matches(name, names(group), n=3)
    return f": did you mean {', '.join(near)}?" if near else ""


@lru_cache(maxsize=1)
def _entries() -> Mapping[tuple[str, str], Mapping[str, EntryPoint]]:
    """Find what packages register, by group and name, then by package.

    Unlike `importlib.metadata.entry_points` this reads every description of a package that is
    found twice, as by a build that left its own in the working directory: the first one that
    registers a name counts.
    """
    found: dict[tuple[str, str], dict[str, EntryPoint]] = {}
    for package in distributions():
        for entry in package.entry_points:
            if entry.group in CONTRACTS:
                owners = found.setdefault((entry.group, entry.name), {})
                owners.setdefault(_title(package), entry)
    return MappingProxyType(found)


def _title(package: Distribution) -> str:
    """Return a package's name and version; an installation that was cut short has neither."""
    try:
        name, number = package.name, package.version
    except (KeyError, TypeError, OSError):  # as importlib_metadata, where installed, says it
        return NAMELESS
    return f"{name} {number}" if name and number else NAMELESS


@lru_cache(maxsize=256)
def _loaded(group: Group, name: str) -> Plugin:
    owners = _entries()[group, name]
    plugin = Plugin(group, name, " and ".join(sorted(owners)))
    if len(owners) > 1:
        return replace(plugin, error="it is registered twice: uninstall one of them")
    if NAMELESS in owners:
        return replace(plugin, error="its METADATA is missing: install the package again")
    if not NAME.fullmatch(name):
        reason = "its name must be small letters, digits, dots, dashes, at most 64"
        return replace(plugin, error=reason)
    try:
        (entry,) = owners.values()
        value = entry.load()
        missing = [part for part in parts_of(group) if not hasattr(value, part)]
        parts = {part: _installed(part) for part in getattr(value, "built_on", ())}
    except FAILURES as error:  # whatever a package raises is reported, and breaks nothing
        return replace(plugin, error=_reason(error))
    if missing:
        return replace(plugin, error=f"{entry.value} has no {', '.join(missing)}")
    lacks = tuple(part for part, found in parts.items() if found is None)
    built_on = [found or f"(without {part})" for part, found in parts.items()]
    return replace(plugin, value=value, package=" ".join([plugin.package, *built_on]), lacks=lacks)


def _installed(package: str) -> str | None:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return None


def _reason(error: BaseException) -> str:
    reason = f"{type(error).__name__}: {error}"
    if isinstance(error, ImportError) and error.name == "torch":
        reason += " (the server has no torch: import it where a network is built, not above)"
    return reason
