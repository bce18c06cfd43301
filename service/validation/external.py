"""Rules of an external training: what a program outside can be asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from service import samplers
from service.errors import Fault
from service.pruning_sections import HalvingPruning
from service.spec import Choices, JobSpec
from service.studies.spaces import TUNED
from service.tasks.external import ExternalTask
from service.validation import search_ranges
from service.validation.json_pointers import escape

# Sections that describe what our own workers do.
OF_WORKERS = ("network", "training", "tuned_rate")
# Names of params that say what the density is; and the length of a training, which is the task's.
TAKEN = ("den", "density", "densities", "vector", "factor", "factors", "epochs")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,99}")


def faults(spec: JobSpec, task: ExternalTask) -> Iterator[Fault]:
    """Yield what is wrong with an external training."""
    for name in OF_WORKERS:
        if getattr(spec, name) is not None:
            yield Fault(f"/{name}", "your own program trains: leave this section out")
    if task.kernel_size is not None and task.layers is not None:
        yield Fault("/task/kernel_size", "task.layers has the sizes: leave one of the two out")
    if spec.resources.pack_width != 1 or spec.resources.gpus_per_trial > 0:
        yield Fault("/resources", "your own program trains on its own: leave this section out")
    if spec.budget.cost is not None:
        yield Fault("/budget/cost", "what your own program costs is not known: leave it out")
    yield from _search_faults(spec)
    yield from _control_faults(spec)
    yield from _course_faults(spec, task)


def _search_faults(spec: JobSpec) -> Iterator[Fault]:
    for name, wanted in spec.search.items():
        at = f"/search/{escape(name)}"
        if _NAME.fullmatch(name) is None:
            detail = "a name has letters, digits, _ and . and begins with a letter: rename it"
            yield Fault(at, detail)
        elif name in TAKEN:
            yield Fault(at, f"{name} has a meaning of its own: choose another name")
        elif not isinstance(wanted, Choices):
            yield from search_ranges.faults(wanted, at)


def _control_faults(spec: JobSpec) -> Iterator[Fault]:
    for index, control in enumerate(spec.controls):
        at = f"/controls/{index}"
        if control.name == "default_init_tuned":
            detail = "your own program initialises its network: leave this control out"
            yield Fault(at, detail)
        elif control.name in TUNED and not spec.search and control.lr is None:
            remedy = "search a setting, give the control a range lr, or leave it out"
            yield Fault(at, f"there is nothing to tune: {remedy}")
        elif control.name == "density_tuned" and control.lr is None:
            yield Fault(f"{at}/lr", "your program's own rate is not known here: give the range")


def _course_faults(spec: JobSpec, task: ExternalTask) -> Iterator[Fault]:
    for place, wanted in enumerate(spec.samplers):
        if samplers.is_learned(wanted.name):
            at = f"/samplers/{place}"
            yield Fault(at, f"{wanted.name} trains on our workers: leave it out")
    if isinstance(spec.pruning, HalvingPruning):
        detail = "halving pauses trainings, which a program outside cannot: use median"
        yield Fault("/pruning/rule", detail)
    for name in ("pruning", "fidelity"):
        if getattr(spec, name) is not None and task.epochs is None:
            yield Fault("/task/epochs", f"{name} needs the epochs of a training: give them")
