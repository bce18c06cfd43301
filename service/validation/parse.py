"""Rules of a spec that span several sections, and the defaults that depend on other fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from service import networks, samplers
from service.control_sections import ControlName, ControlSpec
from service.errors import Fault, InvalidSpecError
from service.spec import (
    NESTED_SINCE,
    Choices,
    Evaluation,
    IntegerRange,
    JobSpec,
    SamplerSpec,
    lower_bound_of,
)
from service.studies.external import is_external
from service.studies.spaces import TUNED
from service.studies.training_payload import epochs_in
from service.tasks.external import ExternalTask
from service.tasks.function import FunctionTask
from service.tasks.sections import data_of
from service.training_section import Training
from service.validation import data, density, evaluation, search_ranges, studies, training
from service.validation import external as external_rules
from service.validation import network as network_rules
from service.validation.json_pointers import escape, sentence
from service.validation.request_bodies import read

# Sections that mean nothing where nothing is trained.
UNTRAINED = (
    "network", "training", "density", "search", "controls", "fidelity", "pruning", "warm_start",
    "tuned_rate",
)  # fmt: skip
FIXED_DIMENSIONS = {"branin": 2, "hartmann6": 6}
OF_TRAINING = ("lr", "momentum", "nesterov", "weight_decay", "batch_size", "epochs", "optimizer")
SEARCHABLE = (*OF_TRAINING, *networks.SEARCHABLE)
WHOLE_NUMBERS = ("batch_size", "epochs", *networks.SEARCHABLE)
# Every share is a process: smaller ones would bury a machine in them, and Ray counts to 0.0001.
LEAST_CPUS, LEAST_GPUS = 0.1, 0.01
MOST_GPUS = 1.0
# Functions have values up to millions: above the worst value a sampler would see them all alike.
WORST_OF_FUNCTION = 1e12

# Without a tuned plain network a density is judged against a rate that may be a bad one.
CONTROLS: tuple[ControlName, ...] = ("uniform", "uniform_tuned")
# Of each of a study's best, where a learning rate is searched: one that fails now and then may win
# with one seed (docs/adr/0056-validation-seeds.md).
VALIDATION_SEEDS = 3
# The rules by which a new job's arms are searched and compared.
NEWEST_METHOD: Final = 2
# What `_with_newest` fills in, as specs had it that were stored before there was another value.
AT_FIRST: Final[Mapping[str, Any]] = MappingProxyType(
    {"method": 1, "validation_seeds": 1, "controls": []}
)


def parse(body: object) -> JobSpec:
    """Turn a submitted JSON body into a complete, valid spec.

    Raises:
        InvalidSpecError: With one fault for each field that is wrong.
    """
    return complete(_with_newest(read(JobSpec, network_rules.with_kind(body))))


def _with_newest(spec: JobSpec) -> JobSpec:
    """Fill in what submissions have by default, and specs that were stored earlier have not."""
    given = spec.model_fields_set
    if "method" not in given:
        spec = spec.model_copy(update={"method": NEWEST_METHOD})
    if spec.method < NESTED_SINCE or isinstance(spec.task, FunctionTask):
        return spec
    if "controls" not in given and _is_judged(spec.evaluation):
        can_tune = bool(spec.search) or not is_external(spec)
        controls = [ControlSpec(name=name) for name in (CONTROLS if can_tune else CONTROLS[:1])]
        spec = spec.model_copy(update={"controls": controls})
    if "validation_seeds" in given:
        return spec
    tunes_rate = "lr" in spec.search or any(control.name in TUNED for control in spec.controls)
    return spec.model_copy(update={"validation_seeds": VALIDATION_SEEDS if tunes_rate else 1})


def _is_judged(section: Evaluation) -> bool:
    return section.n_seeds > 0 or section.looks is not None


def stored(body: object) -> JobSpec:
    """Return a job's stored spec, complete and valid; what it lacks is as it was at first.

    Raises:
        InvalidSpecError: This server would refuse it by now.
    """
    return parse({**AT_FIRST, **body} if isinstance(body, dict) else body)


def complete(spec: JobSpec) -> JobSpec:
    """Fill the sections that were left out, and refuse what does not fit together.

    Raises:
        InvalidSpecError: With one fault for each field that is wrong.
    """
    filled = studies.with_packages(_propose_sampler(_fill(spec)))
    faults = [*density.pair_faults(spec), *_faults(filled)]
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
        given = {"evaluation": evaluation.filled(spec.evaluation, 1)}
        return spec.model_copy(update=given | unset)
    if isinstance(spec.task, ExternalTask):
        given = {"evaluation": evaluation.filled(spec.evaluation, spec.method)}
        return density.filled(spec.model_copy(update=given), spec.task.network)
    filled = spec.model_copy(
        update={
            "training": _with_epochs(spec.training or Training()),
            "evaluation": evaluation.filled(spec.evaluation, spec.method),
        }
    )
    if data_of(spec.task) is None:
        return filled  # what its network and its density may be is known once its data are
    network = spec.network or network_rules.default(spec.task)
    return density.filled(filled, network)


def _with_epochs(training: Training) -> Training:
    """Fill in the epochs of a training whose length is given in steps."""
    if training.steps is None or "epochs" in training.model_fields_set:
        return training
    return training.model_copy(update={"epochs": epochs_in(training.steps)})


def _propose_sampler(spec: JobSpec) -> JobSpec:
    """Fill in the sampler that is best, by our measurements, for the number of searched values."""
    is_open = not isinstance(spec.task, FunctionTask) and spec.density is None
    if spec.samplers or is_open:
        return spec
    has_categories = any(isinstance(wanted, Choices) for wanted in spec.search.values())
    n_values = len(spec.search)
    if isinstance(spec.task, FunctionTask):
        n_values += spec.task.dimension
    elif spec.density is not None and spec.density.bounds is not None:
        n_values += len(spec.density.bounds) + density.n_factors(spec)
    name = samplers.recommended(n_values, has_categories=has_categories)
    return spec.model_copy(update={"samplers": [SamplerSpec(name=name)]})


def _faults(spec: JobSpec) -> Iterator[Fault]:
    if isinstance(spec.task, FunctionTask):
        yield from _function_faults(spec, spec.task)
    elif isinstance(spec.task, ExternalTask):
        yield from density.faults(spec)
        yield from external_rules.faults(spec, spec.task)
    else:
        yield from density.faults(spec)
        yield from _search_faults(spec)
        yield from data.faults(spec)
        yield from network_rules.faults(spec)
        yield from training.faults(spec)
    yield from evaluation.faults(spec)
    bound = lower_bound_of(spec)
    if bound is not None and spec.diverged_value <= bound:
        yield Fault("/diverged_value", f"must be above {bound:g}, the least value possible")
    if spec.samplers:  # else they are proposed once the data are known
        yield from studies.faults(spec)
    yield from _resource_faults(spec)


def _function_faults(spec: JobSpec, task: FunctionTask) -> Iterator[Fault]:
    for name in UNTRAINED:
        if getattr(spec, name):
            yield Fault(f"/{name}", "a function is not trained: leave this section out")
    if spec.validation_seeds > 1:
        yield Fault("/validation_seeds", "a function has no seeds: leave it out")
    fixed = FIXED_DIMENSIONS.get(task.name)
    if fixed is not None and task.dimension != fixed:
        yield Fault("/task/dimension", f"{task.name} has dimension {fixed}")
    if task.name == "rosenbrock" and task.dimension < 2:
        yield Fault("/task/dimension", "rosenbrock needs at least 2 dimensions")


def _search_faults(spec: JobSpec) -> Iterator[Fault]:
    for name, wanted in spec.search.items():
        at = f"/search/{escape(name)}"
        if name not in SEARCHABLE:
            yield Fault(at, f"cannot be searched: choose from {', '.join(SEARCHABLE)}")
        elif isinstance(wanted, Choices):
            yield from _end_faults(spec, name, at, list(wanted.choices), "/choices")
        elif faults := list(search_ranges.faults(wanted, at)):
            yield from faults
        elif name in WHOLE_NUMBERS and not isinstance(wanted, IntegerRange):
            yield Fault(at, 'is a whole number: add "integer": true')
        else:
            yield from _end_faults(spec, name, at, [wanted.low, wanted.high], "")


def _end_faults(
    spec: JobSpec, name: str, at: str, values: list[Any], suffix: str
) -> Iterator[Fault]:
    section: BaseModel = spec.training or Training()
    if name not in OF_TRAINING and spec.network is not None:
        section = spec.network
        if name not in type(section).model_fields:  # of a network that a package brings
            yield Fault(at, f"{spec.network.kind} has no {name}: leave it out of search")
            return
    base = section.model_dump()
    for index, value in enumerate(values):
        try:
            type(section).model_validate({**base, name: value})
        except ValidationError as error:
            end = f"{suffix}/{index}" if suffix else ("/low", "/high")[index]
            yield Fault(at + end, sentence(error.errors(include_url=False)[0]))


def _resource_faults(spec: JobSpec) -> Iterator[Fault]:
    cpus, gpus = spec.resources.cpus_per_trial, spec.resources.gpus_per_trial
    if cpus < LEAST_CPUS:
        yield Fault("/resources/cpus_per_trial", f"must be at least {LEAST_CPUS:g}")
    if 0.0 < gpus < LEAST_GPUS:
        yield Fault("/resources/gpus_per_trial", f"must be 0, or at least {LEAST_GPUS:g}")
    elif gpus > MOST_GPUS:
        yield Fault(
            "/resources/gpus_per_trial",
            f"a training uses one GPU, and would leave the others idle: use {MOST_GPUS:g}, or a "
            "part of one",
        )
