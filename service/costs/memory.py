"""A lower bound for the memory of a job's largest training, compared with the workers' memory.

The bound is computed from the spec alone (`service.networks.footprints`): a refused job could not
be trained, and an accepted one may still need more memory than a worker has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from service import networks
from service.errors import Fault
from service.networks import AnyNetwork
from service.networks.footprints import footprint_of
from service.sizes import size_text
from service.spec import Choices, JobSpec
from service.studies.ranges import largest
from service.studies.resolved import FunctionJob, ResolvedSpec, TrainingJob
from service.tasks.families import PatchTask
from service.tasks.sections import n_samples_of, sample_px
from service.training_section import Training

# Of the process: Python with torch and the libraries of the built-in data sets.
LEAST_PROCESS_BYTES = 300 * 10**6
_VALUE_BYTES = 4
# State of an optimizer for each weight, see `workers.training.optimizers`.
_STATES = {"sgd": 1, "adam": 2, "adamw": 2}
# For each weight that has a density: the optimizer's state, and the density spread over it
# (`workers.training.master_weights`).
_MASTERS = 2
# Batch of an evaluation, see `workers.training.objectives` and `workers.training.data.patches`.
_CROPS, _CROP_PX = 16, {1: 1024, 2: 96, 3: 32}
_JUDGED_SAMPLES, _LEAST_SPLIT = 256, 16
# Without a backward pass: a layer's input and its output.
_JUDGED_MAPS = 2


@dataclass(frozen=True, slots=True)
class Need:
    """Bytes that a training needs at least.

    Attributes:
        fixed_bytes: For any batch: process, weights, optimizer, the evaluation of a split.
        sample_bytes: For each sample of a batch.
        batch_size: Samples of the largest batch.
    """

    fixed_bytes: int
    sample_bytes: int
    batch_size: int

    @property
    def bytes(self) -> int:
        """The sum."""
        return self.fixed_bytes + self.sample_bytes * self.batch_size


def need_of(resolved: ResolvedSpec) -> Need | None:
    """Return a lower bound for the memory of the largest training of a job.

    In a search over the network's size, the batch size or the optimizer the largest value counts.

    Returns:
        None where it is not known: functions, networks and tasks of plug-ins, samples of unknown
        size.
    """
    if isinstance(resolved, FunctionJob) or resolved.is_external:
        return None
    spec, task, info = resolved.spec, resolved.task, resolved.data
    side = sample_px(task)
    if side is None:
        return None
    network = _largest(spec, resolved.network)
    shape = (info.n_channels, info.n_outputs)
    n_samples = n_samples_of(task) or 1  # it is a lower bound
    trained = footprint_of(network, *shape, side, info.n_dims)
    if trained is None:
        return None
    value_bytes = _VALUE_BYTES if _is_exact(resolved) else _VALUE_BYTES // 2
    weights = trained.n_parameters * _VALUE_BYTES * _copies(spec, resolved.training)
    fixed = LEAST_PROCESS_BYTES + weights
    if isinstance(task, PatchTask):
        crop_px = min(_CROP_PX[info.n_dims], info.size_px or _CROP_PX[info.n_dims])
        judged = footprint_of(network, *shape, crop_px, info.n_dims) or trained
        judging = _CROPS * judged.widest
    else:
        judging = min(_JUDGED_SAMPLES, n_samples // _LEAST_SPLIT) * trained.widest
    fixed += _JUDGED_MAPS * judging * _VALUE_BYTES
    sample = (trained.most + info.n_channels * side**info.n_dims) * value_bytes
    return Need(fixed, sample, min(largest(spec, "batch_size"), n_samples))


def _largest(spec: JobSpec, network: AnyNetwork) -> AnyNetwork:
    searched = {name: largest(spec, name) for name in networks.SEARCHABLE if name in spec.search}
    return network.model_copy(update=searched)


def _is_exact(resolved: TrainingJob) -> bool:
    """Whether a training of the job computes in float32, as evaluations always do."""
    spec = resolved.spec
    is_float32 = resolved.training.precision in ("float32", "tf32")
    return is_float32 or spec.evaluation.n_seeds > 0 or spec.fidelity is not None


def _copies(spec: JobSpec, training: Training) -> int:
    """Return how many values a weight needs: itself, its gradient, the optimizer's state ..."""
    wanted = spec.search.get("optimizer")
    names = wanted.choices if isinstance(wanted, Choices) else [training.optimizer]
    has_momentum = training.momentum > 0 or "momentum" in spec.search
    states = [_STATES[str(name)] if name != "sgd" or has_momentum else 0 for name in names]
    return 2 + max(states) + _MASTERS


def of_worker(spec: JobSpec, resources: Sequence[Mapping[str, float]]) -> int | None:
    """Return the memory that a worker of a job's shape has, bytes.

    Args:
        spec: Its share of CPUs counts. On a GPU nothing is known.
        resources: Of the live dispatchers; the largest memory counts.
    """
    if spec.resources.gpus_per_trial > 0:
        return None
    shares = [float(found.get("memory_per_cpu_bytes") or 0.0) for found in resources]
    most = max(shares, default=0.0) * spec.resources.cpus_per_trial
    return int(most) or None


def faults(resolved: ResolvedSpec, worker_bytes: int | None) -> Iterator[Fault]:
    """Yield a fault if a job's largest training cannot fit a worker.

    Args:
        resolved: The job.
        worker_bytes: Memory of a worker; None where that is not known, which refuses nothing.
    """
    need = need_of(resolved) if worker_bytes is not None else None
    if need is None or worker_bytes is None or need.bytes <= worker_bytes:
        return
    spec = resolved.spec
    n_fitting = (worker_bytes - need.fixed_bytes) // need.sample_bytes
    at, remedy = "/network/width", "use a narrower or shallower network"
    if n_fitting >= 1:
        at, remedy = "/training/batch_size", f"use at most {n_fitting}"
        if "batch_size" in spec.search:
            at = "/search/batch_size"
    elif any(name in spec.search for name in networks.SEARCHABLE):
        at = next(f"/search/{name}" for name in networks.SEARCHABLE if name in spec.search)
    yield Fault(
        at,
        f"a training needs at least {size_text(need.bytes)} of memory, a worker has "
        f"{size_text(worker_bytes)} (cpus_per_trial {spec.resources.cpus_per_trial:g}): {remedy}"
        f"{_or_smaller(spec)}, or raise resources.cpus_per_trial",
    )


def _or_smaller(spec: JobSpec) -> str:
    return ", smaller patches (task.patch_px)" if isinstance(spec.task, PatchTask) else ""
