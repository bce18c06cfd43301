"""Rules of a spec's data: whether there is such a set, and what its samples allow."""

from __future__ import annotations

from collections.abc import Iterator

from densearch.plugins.sections import OwnTask
from service.datasets import plugin
from service.errors import Fault
from service.extensions.entry_points import PluginError, names
from service.spec import JobSpec
from service.tasks.families import DataTask
from service.tasks.function import FunctionTask
from service.tasks.registry import TASKS
from service.tasks.sections import is_stored


def faults(spec: JobSpec) -> Iterator[Fault]:
    """Yield what is wrong with the data set that a spec names."""
    if isinstance(spec.task, FunctionTask | OwnTask) or is_stored(spec.task):
        return
    if spec.task.dataset not in TASKS[spec.task.kind].sets:
        reason = _reason(spec.task)
        if reason is not None:
            yield Fault("/task/dataset", reason)


def _reason(task: DataTask) -> str | None:
    """Say why a set that is not built in cannot be used."""
    try:
        plugin.info_of(task.kind, task.dataset)
    except PluginError as error:
        if task.dataset in names(plugin.GROUP):
            return str(error)
        built_in = TASKS[task.kind].sets
        known = ", ".join([*built_in, *plugin.names_for(task.kind, built_in)])
        remedy = f"use {known}, or install the package that brings it"
        return f"no set of this kind has that name: {remedy}"
    return None
