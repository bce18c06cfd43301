"""Rules of a spec's data: whether there is such a set, and what its samples allow."""

from __future__ import annotations

from collections.abc import Iterator

from service.datasets.info import BUILT_IN
from service.errors import Fault
from service.spec import JobSpec
from service.tasks import FunctionTask, is_stored


def faults(spec: JobSpec) -> Iterator[Fault]:
    """Yield what is wrong with the data set that a spec names."""
    if isinstance(spec.task, FunctionTask) or is_stored(spec.task):
        return
    if spec.task.dataset not in BUILT_IN[spec.task.kind]:
        known = ", ".join(BUILT_IN[spec.task.kind])
        yield Fault("/task/dataset", f"no built-in set of this kind has that name: use {known}")
