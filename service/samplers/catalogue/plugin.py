"""Samplers that other packages bring: a class is found by name, examined, and made for a study.

The contract is `densearch.plugins.SamplerPlugin`.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache, partial
from inspect import cleandoc
from typing import Any, cast

from pydantic import ValidationError

from densearch.plugins.contracts import SamplerPlugin
from densearch.plugins.options import SamplerOptions
from densearch.sampler import Capabilities, Effort, Entry, Sampler, StudyPlan
from densearch.sampler.effort import CHEAP_WORK, SHORT_WORK
from service.extensions import entry_points
from service.extensions.entry_points import SAMPLERS, Plugin, PluginError, called, unusable
from service.samplers import effort, round_sizes
from service.samplers.catalogue.info import SamplerInfo
from service.samplers.checked import Checked

# A study has the name of its sampler, of its control, or one of these forms.
RESERVED = re.compile(r"fixed|uniform|linear|gaussian|flat|.*_tuned|.*_speculation|.*-[0-9]+")
# Where a class declares no effort: too long for the process that is reserved for short asks.
UNKNOWN_WORK = 2.0 * SHORT_WORK
UNKNOWN_BYTES = 2.0**28
PROBE = StudyPlan(dimension=2, n_trials=8, seed=0)


def names() -> list[str]:
    """Return the names that packages register, without importing anything."""
    return entry_points.names(SAMPLERS)


def usable(built_in: frozenset[str]) -> list[SamplerInfo]:
    """Return the samplers of other packages that can be used and whose names are theirs."""
    found = []
    for plugin in entry_points.every(SAMPLERS):
        if plugin.error is None and plugin.name not in built_in:
            with suppress(PluginError):
                found.append(described(plugin))
    return found


def describe(name: str) -> SamplerInfo:
    """Return what is known of the sampler that a package registers under a name.

    Raises:
        PluginError: No package does, or the sampler cannot be used.
    """
    return described(entry_points.load(SAMPLERS, name))


def described(plugin: Plugin) -> SamplerInfo:
    """Return what is known of a sampler that another package brings, once it is examined.

    Raises:
        PluginError: It cannot be used; the message says why.
    """
    if plugin.lacks:
        raise PluginError(f"it needs {', '.join(plugin.lacks)}, which is not installed here")
    return _examined(plugin)


@lru_cache(maxsize=256)
def _examined(plugin: Plugin) -> SamplerInfo:
    """Examine a sampler once in a process; one with a fault is examined each time."""
    faults = [fault for fault in _faults(plugin.name, plugin.value) if fault]
    if faults:
        reason = "; ".join(faults)
        raise unusable(plugin, reason)
    kind = plugin.value
    info = SamplerInfo(
        name=plugin.name,
        title=kind.title,
        description=cleandoc(kind.__doc__ or ""),
        capabilities=kind.capabilities,
        section=kind.section,
        path=f"{__name__}:make:{plugin.name}:{plugin.package}",
        effort=partial(_effort_of, plugin),
        round_size=round_sizes.of_batch if kind.capabilities.parallel else round_sizes.of_one,
        package=plugin.package,
    )
    called(plugin, "describing its options", info.to_dict)
    info.effort(PROBE)
    return info


def _faults(name: str, kind: Any) -> list[str | None]:  # noqa: ANN401 - whatever is registered
    if not (isinstance(kind, type) and issubclass(kind, Sampler)) or inspect.isabstract(kind):
        return ["it is no class that inherits densearch.plugins.Sampler and has a plan"]
    kind = cast("type[SamplerPlugin]", kind)
    can = kind.capabilities
    is_able = isinstance(can, Capabilities)
    found = {
        "its name is that of a control or a repeat": RESERVED.fullmatch(name) is not None,
        "its title is no text": not isinstance(kind.title, str),
        "its capabilities are no densearch.plugins.Capabilities": not is_able,
        "it cannot be speculative": is_able and can.speculative,
        "it needs an extra: list packages as built_on": is_able and can.needs is not None,
    }
    return [*(fault for fault, is_so in found.items() if is_so), _section_fault(kind.section)]


def _section_fault(section: object) -> str | None:
    if not (isinstance(section, type) and issubclass(section, SamplerOptions)):
        return "its section does not inherit densearch.plugins.SamplerOptions"
    try:
        section()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        return f"its option {'.'.join(map(str, first['loc']))} has no valid default"
    except entry_points.FAILURES as error:
        return f"its options fail at their defaults: {type(error).__name__}: {error}"
    return None


def _effort_of(plugin: Plugin, study: StudyPlan) -> Effort:
    """Return the declared effort, at least that of an ask in a process."""
    declared: Callable[[StudyPlan], object] | None = getattr(plugin.value, "effort", None)
    if declared is None:
        return Effort(UNKNOWN_WORK, effort.log_bytes(study) + UNKNOWN_BYTES)
    found = called(plugin, "giving its effort", declared, study)
    if not (isinstance(found, Effort) and _is_amount(found.work, found.memory_bytes)):
        reason = f"its effort is {found!r:.100}, no densearch.plugins.Effort of amounts above 0"
        raise unusable(plugin, reason)
    return Effort(max(found.work, CHEAP_WORK + 1.0), found.memory_bytes)


def _is_amount(*values: float) -> bool:
    return all(
        isinstance(value, int | float) and math.isfinite(value) and value >= 0 for value in values
    )


def make(name: str, package: str, study: StudyPlan) -> Sampler:
    """Make a study's sampler, held to the contract.

    Raises:
        PluginError: It is missing here, has another version than `package`, or fails.
    """
    entry_points.require({SAMPLERS: {name: package}})
    plugin = entry_points.load(SAMPLERS, name)
    return _checked(plugin, study)


def _checked(plugin: Plugin, study: StudyPlan) -> Checked:
    info = described(plugin)
    can = info.capabilities
    return Checked(
        plugin,
        study,
        is_adaptive=can.adaptive,
        round_size=info.round_size(study),
        models_values=can.models_values,
    )


def probe(plugin: Plugin) -> None:
    """Run a sampler through a small study.

    Raises:
        PluginError: It cannot be used, fails, or breaks the contract.
    """
    sampler, log = _checked(plugin, PROBE), list[Entry]()
    while not (plan := sampler.plan(log)).is_finished:
        log += [Entry(one.point, sum(one.point), one.number) for one in plan.proposals]
