"""Rules of a spec's data: whether there is such a set, and what its samples allow."""

from __future__ import annotations

from collections.abc import Iterator

from densearch.plugins.data_info import DataInfo
from densearch.plugins.sections import OwnTask
from service.datasets import plugin
from service.errors import Fault
from service.extensions.entry_points import PluginError, names
from service.spec import JobSpec
from service.tasks.families import DataTask
from service.tasks.function import FunctionTask
from service.tasks.registry import TASKS
from service.tasks.sections import data_of, is_stored, n_train_of


def faults(spec: JobSpec) -> Iterator[Fault]:
    """Yield what is wrong with the data set that a spec names, and with its subset."""
    if isinstance(spec.task, FunctionTask | OwnTask):
        return
    if not is_stored(spec.task) and spec.task.dataset not in TASKS[spec.task.kind].sets:
        reason = _reason(spec.task)
        if reason is not None:
            yield Fault("/task/dataset", reason)
    info = data_of(spec.task)
    if info is not None and spec.task.n_train is not None:
        reason = _subset_fault(spec.task, info)
        if reason is not None:
            yield Fault("/task/n_train", reason)


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


def _subset_fault(task: DataTask, info: DataInfo) -> str | None:
    """Say why the training split has no such subset."""
    n, n_training, least = n_train_of(task), info.n_training, info.least_n_train
    if n is None or n_training is None:
        return f"the package of {task.dataset} does not say how many samples it has: leave it out"
    if n < 1:
        part = f"{task.n_train:g} of its {n_training} training samples is none"
        return f"{part}: use at least 1, or a part of at least {1 / n_training:.2g}"
    if n > n_training:
        return (
            f"{task.dataset} has {n_training} training samples: use at most {n_training}, "
            "or leave it out to train on all"
        )
    if least is None or n >= least:
        return None
    fault = "would leave a class without any"
    if n < info.n_outputs:
        fault = f"are fewer than its {info.n_outputs} classes"
    return f"{n} training samples of {task.dataset} {fault}: use at least {least}"
