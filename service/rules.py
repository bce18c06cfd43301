"""Rules of a spec that span several sections, and the defaults that depend on other fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from service import density, samplers
from service.errors import Fault, InvalidSpecError, UnknownSamplerError
from service.pointers import escape, faults_of
from service.space import Axis, CategoryAxis, FloatAxis, IntegerAxis, Space
from service.spec import (
    Choices,
    DensitySpec,
    DnCnn,
    FunctionTask,
    IntegerRange,
    JobSpec,
    SmallCnn,
    Training,
)

MAX_DIMENSION = 64
FIXED_DIMENSIONS = {"branin": 2, "hartmann6": 6}
SEARCHABLE = ("lr", "momentum", "nesterov", "weight_decay", "batch_size", "epochs")
NETWORK_KINDS = {"denoising": ("dncnn",), "classification": ("small_cnn",)}
POSITIVE_FAMILIES = ("gaussian", "power")
# Every share is a process: smaller ones would bury a machine in them, and Ray counts to 0.0001.
LEAST_CPUS, LEAST_GPUS = 0.1, 0.01
# Functions have values up to millions: above the worst value a sampler would see them all alike.
WORST_OF_FUNCTION = 1e12


def parse(body: object) -> JobSpec:
    """Turn a decoded JSON body into a complete, valid spec.

    Raises:
        InvalidSpecError: With one fault for each field that is wrong.
    """
    try:
        spec = JobSpec.model_validate(body)
    except ValidationError as error:
        raise InvalidSpecError(faults_of(error.errors(include_url=False), body)) from error
    return complete(spec)


def complete(spec: JobSpec) -> JobSpec:
    """Fill the sections that were left out, and refuse what does not fit together.

    Raises:
        InvalidSpecError: With one fault for each field that is wrong.
    """
    filled = _fill(spec)
    faults = list(_faults(filled))
    if faults:
        raise InvalidSpecError(faults)
    return filled


def _fill(spec: JobSpec) -> JobSpec:
    if isinstance(spec.task, FunctionTask):
        silent = {
            "evaluation": spec.evaluation.model_copy(update={"n_seeds": 0}),
            "diverged_value": WORST_OF_FUNCTION,
        }
        unset = {n: value for n, value in silent.items() if n not in spec.model_fields_set}
        return spec.model_copy(update=unset)
    is_denoising = spec.task.kind == "denoising"
    network = spec.network or (DnCnn(kind="dncnn") if is_denoising else SmallCnn(kind="small_cnn"))
    wanted = spec.density or DensitySpec()
    if wanted.bounds is None:
        bounds = density.default_bounds(wanted.family, network.kernel_size)
        wanted = wanted.model_copy(update={"bounds": [list(pair) for pair in bounds]})
    return spec.model_copy(
        update={
            "network": network,
            "training": spec.training or Training(),
            "density": wanted,
        }
    )


def _faults(spec: JobSpec) -> Iterator[Fault]:
    if isinstance(spec.task, FunctionTask):
        yield from _function_faults(spec, spec.task)
    else:
        yield from _density_faults(spec)
        yield from _search_faults(spec)
        if spec.network and spec.network.kind not in NETWORK_KINDS[spec.task.kind]:
            fitting = ", ".join(NETWORK_KINDS[spec.task.kind])
            yield Fault("/network/kind", f"does not fit {spec.task.kind}: use {fitting}")
    bound = lower_bound_of(spec)
    if bound is not None and spec.diverged_value <= bound:
        yield Fault("/diverged_value", f"must be above {bound:g}, the least value possible")
    yield from _sampler_faults(spec)
    yield from _control_faults(spec)
    yield from _resource_faults(spec)


def _function_faults(spec: JobSpec, task: FunctionTask) -> Iterator[Fault]:
    for name in ("network", "training", "density", "search", "controls"):
        if getattr(spec, name):
            yield Fault(f"/{name}", "a function is not trained: leave this section out")
    fixed = FIXED_DIMENSIONS.get(task.name)
    if fixed is not None and task.dimension != fixed:
        yield Fault("/task/dimension", f"{task.name} has dimension {fixed}")
    if task.name == "rosenbrock" and task.dimension < 2:
        yield Fault("/task/dimension", "rosenbrock needs at least 2 dimensions")


def _density_faults(spec: JobSpec) -> Iterator[Fault]:
    if spec.density is None or spec.network is None or spec.density.bounds is None:
        return
    family, size = spec.density.family, spec.network.kernel_size
    n_free = density.n_free(family, size)
    if len(spec.density.bounds) != n_free:
        yield Fault(
            "/density/bounds",
            f"{family} on a {size}x{size} kernel has {n_free} free values, "
            f"but {len(spec.density.bounds)} bounds were given",
        )
    if n_free + len(spec.search) > MAX_DIMENSION:
        yield Fault(
            "/density/family",
            f"{n_free + len(spec.search)} values are too many (at most {MAX_DIMENSION}): "
            "use a smaller kernel or the family symmetric, gaussian or power",
        )
    for index, (low, high) in enumerate(spec.density.bounds):
        if low >= high:
            yield Fault(
                f"/density/bounds/{index}", f"the lower bound {low} is not below the upper {high}"
            )
        elif max(abs(low), abs(high)) > 1e6:
            yield Fault(f"/density/bounds/{index}", "a density beyond 1e6 cannot be trained")
        elif family in POSITIVE_FAMILIES and low <= 0:
            yield Fault(f"/density/bounds/{index}/0", f"{family} needs values above 0")


def _search_faults(spec: JobSpec) -> Iterator[Fault]:
    for name, wanted in spec.search.items():
        at = f"/search/{escape(name)}"
        if name not in SEARCHABLE:
            yield Fault(at, f"cannot be searched: choose from {', '.join(SEARCHABLE)}")
        elif isinstance(wanted, Choices):
            yield from _end_faults(spec, name, at, list(wanted.choices), "/choices")
        elif wanted.low >= wanted.high:
            yield Fault(at, f"low {wanted.low} is not below high {wanted.high}")
        elif wanted.log and wanted.low <= 0:
            yield Fault(f"{at}/low", "a logarithmic range needs values above 0")
        elif name in ("batch_size", "epochs") and not isinstance(wanted, IntegerRange):
            yield Fault(at, 'is a whole number: add "integer": true')
        else:
            yield from _end_faults(spec, name, at, [wanted.low, wanted.high], "")


def _end_faults(
    spec: JobSpec, name: str, at: str, values: list[Any], suffix: str
) -> Iterator[Fault]:
    base = (spec.training or Training()).model_dump()
    for index, value in enumerate(values):
        try:
            Training.model_validate({**base, name: value})
        except ValidationError as error:
            end = f"{suffix}/{index}" if suffix else ("/low", "/high")[index]
            yield Fault(at + end, error.errors()[0]["msg"])


def _sampler_faults(spec: JobSpec) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, wanted in enumerate(spec.samplers):
        at = f"/samplers/{index}"
        try:
            info = samplers.describe(wanted.name)
        except UnknownSamplerError as error:
            yield Fault(f"{at}/name", str(error))
            continue
        if wanted.name in seen:
            yield Fault(f"{at}/name", f"{wanted.name} is listed twice: once is enough")
        seen.add(wanted.name)
        for name, fault in info.option_faults(wanted.options):
            yield Fault(f"{at}/options/{escape(name)}", fault)
        categories = [n for n, r in spec.search.items() if isinstance(r, Choices)]
        if categories and not info.capabilities.categorical:
            yield Fault(
                f"{at}/name",
                f"{wanted.name} cannot search choices of {', '.join(categories)}: give a range, "
                "or use a sampler that can, such as random",
            )


def _control_faults(spec: JobSpec) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, control in enumerate(spec.controls):
        at = f"/controls/{index}"
        if control.name in seen:
            yield Fault(at, f"{control.name} is listed twice: once is enough")
        seen.add(control.name)
        if control.sigma is not None and control.name != "gaussian":
            yield Fault(f"{at}/sigma", "belongs to the control gaussian alone")
        if control.factor is not None and control.name != "flat":
            yield Fault(f"{at}/factor", "belongs to the control flat alone")


def _resource_faults(spec: JobSpec) -> Iterator[Fault]:
    cpus, gpus = spec.resources.cpus_per_trial, spec.resources.gpus_per_trial
    if cpus < LEAST_CPUS:
        yield Fault("/resources/cpus_per_trial", f"must be at least {LEAST_CPUS:g}")
    if 0.0 < gpus < LEAST_GPUS:
        yield Fault("/resources/gpus_per_trial", f"must be 0, or at least {LEAST_GPUS:g}")
    elif gpus > 1.0 and not gpus.is_integer():
        yield Fault("/resources/gpus_per_trial", "above 1 must be whole: GPUs are shared singly")


def space_of(spec: JobSpec) -> Space:
    """Return the search space of a complete spec."""
    if isinstance(spec.task, FunctionTask):
        return Space(tuple(FloatAxis(f"x{i}", 0.0, 1.0) for i in range(spec.task.dimension)))
    if spec.density is None or spec.density.bounds is None or spec.network is None:
        raise ValueError("the spec is not complete: pass it through rules.complete")
    names = density.describe(spec.density.family, spec.network.kernel_size)
    pairs = zip(names, spec.density.bounds, strict=True)
    vector = tuple(FloatAxis(name, low, high) for name, (low, high) in pairs)
    return Space(vector, tuple(_axis(name, spec) for name in spec.search))


def _axis(name: str, spec: JobSpec) -> Axis:
    wanted = spec.search[name]
    if isinstance(wanted, Choices):
        return CategoryAxis(name, tuple(wanted.choices))
    if isinstance(wanted, IntegerRange):
        return IntegerAxis(name, wanted.low, wanted.high, wanted.log)
    return FloatAxis(name, wanted.low, wanted.high, wanted.log)


def lower_bound_of(spec: JobSpec) -> float | None:
    """Return a value the objective is never below: 0 for every loss; None where none is known."""
    if isinstance(spec.task, FunctionTask) and spec.task.name == "hartmann6":
        return None
    return 0.0


def is_training(spec: JobSpec) -> bool:
    """Whether the job trains networks (and so has densities and a test split)."""
    return not isinstance(spec.task, FunctionTask)
