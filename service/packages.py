"""Which packages beside this one a job's trainings depend on."""

from __future__ import annotations

from collections.abc import Iterator

from service import own_tasks, plugins
from service.datasets import own
from service.datasets.info import BUILT_IN
from service.networks import OwnNetwork, plugged
from service.own_tasks import OwnTask
from service.plugins import Group
from service.spec import JobSpec
from service.tasks import FunctionTask, is_stored


def packages_of(spec: JobSpec) -> dict[Group, dict[str, str]]:
    """Return by group and name the package and version of each plug-in that a spec names.

    They belong to a training's payload: another version is another training, and a worker that
    has another one refuses it.

    Raises:
        PluginError: One cannot be used any more.
    """
    return {group: {name: plugins.load(group, name).package} for group, name in _named(spec)}


def _named(spec: JobSpec) -> Iterator[tuple[Group, str]]:
    if isinstance(spec.network, OwnNetwork):
        yield plugged.GROUP, spec.network.kind.partition(":")[0]
    if isinstance(spec.task, FunctionTask):
        return
    if isinstance(spec.task, OwnTask):
        yield own_tasks.GROUP, spec.task.kind.partition(":")[0]
    elif not is_stored(spec.task) and spec.task.dataset not in BUILT_IN[spec.task.kind]:
        yield own.GROUP, spec.task.dataset
