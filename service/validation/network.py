"""Rules of a spec's network: which task it fits, and how small its image may become."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import TypeAdapter, ValidationError

from service import networks
from service.errors import Fault
from service.networks import AnyNetwork
from service.spec import JobSpec
from service.studies.layer_groups import n_dims_of
from service.tasks.families import PatchTask
from service.tasks.function import FunctionTask
from service.tasks.kinds import TRAINED
from service.tasks.sections import Task, TrainingTask, data_name, like, sample_px

# Batch normalisation cannot be trained on a batch of one whose image is a single pixel.
LEAST_PX = 2
_TASK: TypeAdapter[Task] = TypeAdapter(Task)
# By number of axes.
DATA = {1: "signals", 2: "images", 3: "volumes"}


def default(task: TrainingTask) -> AnyNetwork:
    """Return the network of a spec that names none."""
    info = networks.fitting(like(task), n_dims_of(task))[0]
    return info.section.model_validate({"kind": info.name})


def with_kind(body: object) -> object:
    """Return the body of a spec with the kind of its network, where it gives others of its fields.

    That is the task's default, as in a spec without a network. A task of a package names its own.
    """
    if not isinstance(body, dict):
        return body
    task, network = body.get("task"), body.get("network")
    kind = str(task.get("kind")) if isinstance(task, dict) else ""
    if not isinstance(network, dict) or "kind" in network or kind not in TRAINED:
        return body
    return {**body, "network": {"kind": networks.fitting(kind, _n_dims(task))[0].name, **network}}


def _n_dims(task: object) -> int | None:
    """Return the axes of a task's samples; None where the task is faulty."""
    try:
        return n_dims_of(_TASK.validate_python(task))
    except ValidationError:
        return None


def faults(spec: JobSpec) -> Iterator[Fault]:
    """Yield what is wrong with the network of a spec whose sections are filled."""
    if spec.network is None or isinstance(spec.task, FunctionTask):
        return
    n_dims = n_dims_of(spec.task)
    chosen = networks.describe(spec.network.kind)
    fits = like(spec.task) in chosen.tasks
    if not (fits and n_dims in chosen.n_dims):
        able = [info.name for info in networks.fitting(like(spec.task), n_dims)]
        what = f"{DATA[n_dims]} such as {data_name(spec.task)}" if fits else spec.task.kind
        yield Fault("/network/kind", f"does not fit {what}: use {', '.join(able)}")
    else:
        yield from _size_faults(spec.network, spec.task)


def _size_faults(network: AnyNetwork, task: TrainingTask) -> Iterator[Fault]:
    side = sample_px(task)
    n_halvings = networks.n_halvings(network)
    if side is None or side >> n_halvings >= LEAST_PX:
        return
    images = "patches" if isinstance(task, PatchTask) else data_name(task)
    remedy = f"use at most {(side // LEAST_PX).bit_length()}"
    if isinstance(task, PatchTask):
        remedy += f", or patch_px of at least {LEAST_PX << n_halvings}"
    yield Fault(
        "/network/n_stages",
        f"the last of {n_halvings + 1} stages would see less than {LEAST_PX} pixels across: "
        f"{images} have {side}; {remedy}",
    )
