"""Plug-in packages that a job's trainings depend on."""

from __future__ import annotations

from collections.abc import Iterator

from densearch.plugins.sections import OwnTask
from service.datasets import plugin as dataset_plugin
from service.extensions import entry_points
from service.extensions.entry_points import Group
from service.networks import OwnNetwork
from service.networks import plugin as network_plugin
from service.studies.resolved import TrainingJob
from service.tasks import plugin as task_plugin
from service.tasks.external import ExternalTask
from service.tasks.registry import TASKS
from service.tasks.sections import is_stored


def packages_of(resolved: TrainingJob) -> dict[Group, dict[str, str]]:
    """Return by group and name the package and version of each plug-in that a job names.

    They belong to a training's payload: another version is another training, and a worker that
    has another one refuses it.

    Raises:
        PluginError: One cannot be used any more.
    """
    return {
        group: {name: entry_points.load(group, name).package} for group, name in _named(resolved)
    }


def _named(resolved: TrainingJob) -> Iterator[tuple[Group, str]]:
    network, task = resolved.network, resolved.task
    if isinstance(task, ExternalTask):
        return
    if isinstance(network, OwnNetwork):
        yield network_plugin.GROUP, network.kind.partition(":")[0]
    if isinstance(task, OwnTask):
        yield task_plugin.GROUP, task.kind.partition(":")[0]
    elif not is_stored(task) and task.dataset not in TASKS[task.kind].sets:
        yield dataset_plugin.GROUP, task.dataset
