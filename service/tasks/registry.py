"""The kinds of task by name, each from the module that `service.tasks.kinds` has a row for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from types import MappingProxyType

from densearch.plugins.data_info import DataInfo
from service.tasks.info import Answer, Manifest, TaskInfo
from service.tasks.kinds import NAMES, TRAINED


def _info_of(kind: str) -> TaskInfo:
    info = import_module(f"service.tasks.{kind}").INFO
    if not isinstance(info, TaskInfo):
        raise TypeError(f"INFO of service.tasks.{kind} is no TaskInfo")
    return info


TASKS: Mapping[str, TaskInfo] = MappingProxyType({name: _info_of(name) for name in NAMES})


def answering(answer: Answer) -> tuple[str, ...]:
    """Return the kinds of task whose networks answer so."""
    return tuple(name for name, info in TASKS.items() if info.answer == answer)


def built_in_sets() -> Iterator[tuple[str, str, DataInfo]]:
    """Yield each built-in data set: its kind of task, its name, what its samples are."""
    for kind in TRAINED:
        for name, info in TASKS[kind].sets.items():
            yield kind, name, info


def kind_for(manifest: Manifest) -> str:
    """Return the kind of task that makes most of a stored set: the last one that it fits.

    Every set fits denoising, the first one.
    """
    return [kind for kind in TRAINED if TASKS[kind].misfit(manifest) is None][-1]
