"""Data sets that plug-in packages provide."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from densearch.plugins.data_info import DataInfo
from service.extensions import entry_points
from service.extensions.entry_points import PluginError, unusable

GROUP = entry_points.DATASETS


def info_of(task: str, name: str) -> DataInfo:
    """Return the description of the data set of this name for a kind of task.

    Raises:
        PluginError: There is none, it cannot be used, or it does not fit the kind of task.
    """
    plugin = entry_points.load(GROUP, name)
    infos = plugin.value.info
    if not (isinstance(infos, Mapping) and all(isinstance(i, DataInfo) for i in infos.values())):
        reason = "its info is no mapping from kinds of task to densearch.plugins.DataInfo"
        raise unusable(plugin, reason)
    if task not in infos:
        raise PluginError(f"{name} fits {', '.join(infos) or 'no kind of task'}, not {task}")
    info: DataInfo = infos[task]
    return info


def names_for(task: str, built_in: Collection[str]) -> list[str]:
    """Return the names of the data sets that fit a kind of task and can be used.

    Args:
        task: The kind.
        built_in: Its built-in sets, which are taken in place of those of the same name.
    """
    own = [name for name in entry_points.names(GROUP) if name not in built_in]
    return [name for name in own if _fits(task, name)]


def _fits(task: str, name: str) -> bool:
    try:
        return bool(info_of(task, name))
    except PluginError:
        return False
