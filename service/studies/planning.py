"""The studies of a job: which arms its spec asks for, and which space each of them searches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from densearch import seeds
from densearch.plugins.sections import OwnTask
from densearch.sampler import AxisKind, StudyPlan
from service import samplers
from service.records import Study
from service.samplers import CONTROL_SAMPLER
from service.spec import (
    Choices,
    ControlName,
    ControlSpec,
    FloatRange,
    IntegerRange,
    JobSpec,
    Range,
    SamplerSpec,
)
from service.states import Role
from service.studies.layer_groups import density_spec, groups_of, parted
from service.studies.search_space import Axis, CategoryAxis, FloatAxis, IntegerAxis, Space
from service.tasks.function import FunctionTask

TUNED = tuple(name for name in get_args(ControlName) if name.endswith("_tuned"))
# A tuned control whose range is not given looks this many times below and above the job's rate.
LR_FACTOR = 8.0
# A flat factor of 0 cannot be trained.
LEAST_FACTOR = 0.05


@dataclass(frozen=True, slots=True)
class PlannedStudy:
    """A study before it is stored; see `service.records.Study`."""

    name: str
    role: Role
    sampler: str
    repeat: int
    n_trials: int
    seed: int


def planned(spec: JobSpec) -> list[PlannedStudy]:
    """Return the studies of a complete spec: searches, controls, better speculations."""
    searches = list(_searches(spec))
    return [*searches, *_controls(spec), *_speculations(spec, searches)]


def _searches(spec: JobSpec) -> Iterator[PlannedStudy]:
    for wanted in spec.samplers:
        info = samplers.describe(wanted.name)
        n_repeats = spec.repeats if info.capabilities.seeded else 1
        n_trials = 1 if info.is_learned else spec.budget.n_trials
        for repeat in range(1, n_repeats + 1):
            name = wanted.name if n_repeats == 1 else f"{wanted.name}-{repeat}"
            # The first repeat is the search of a job without repeats.
            parts = (wanted.name,) if repeat == 1 else (wanted.name, repeat)
            seed = seeds.derive(spec.seed, Role.SEARCH.value, *parts)
            yield PlannedStudy(name, Role.SEARCH, wanted.name, repeat, n_trials, seed)


def _controls(spec: JobSpec) -> Iterator[PlannedStudy]:
    for control in spec.controls:
        seed = seeds.derive(spec.seed, Role.CONTROL.value, control.name)
        if control.name in TUNED:
            sampler, n_trials = tuner(spec, control), spec.budget.n_trials
            yield PlannedStudy(control.name, Role.TUNED, sampler, 1, n_trials, seed)
        else:
            yield PlannedStudy(control.name, Role.CONTROL, CONTROL_SAMPLER, 1, 1, seed)


def _speculations(spec: JobSpec, searches: list[PlannedStudy]) -> Iterator[PlannedStudy]:
    for study in searches:
        if spec.use_speculation and samplers.describe(study.sampler).capabilities.speculative:
            name = speculation_of(study.name)
            yield PlannedStudy(name, Role.SPECULATION, CONTROL_SAMPLER, study.repeat, 0, 0)


def speculation_of(name: str) -> str:
    """Return the name of the arm that holds a study's better speculation."""
    return f"{name}_speculation"


def tuner(spec: JobSpec, control: ControlSpec) -> str:
    """Return the sampler that tunes a control: the control's own, else the first that can."""
    if control.sampler is not None:
        return control.sampler
    has_choices = any(isinstance(wanted, Choices) for wanted in spec.search.values())
    for wanted in spec.samplers:
        info = samplers.describe(wanted.name)
        if not info.is_learned and (info.capabilities.categorical or not has_choices):
            return wanted.name
    n_values = space_of(spec, control.name).dimension
    return samplers.recommended(n_values, has_categories=has_choices)


def short_epochs(epochs: int, fraction: float) -> int:
    """Return how many epochs a short training has of so many, at least one."""
    return max(1, round(epochs * fraction))


def promotions_continue(spec: JobSpec) -> bool:
    """Whether a full training can continue the short one that it promotes.

    Not where the learning rate's schedule is shortened, or a search computes in another precision.
    What a plug-in's objective makes of the number of epochs is not known.
    """
    training = spec.training
    if spec.fidelity is None or training is None or isinstance(spec.task, OwnTask):
        return False
    is_cut = spec.fidelity.schedule == "cut" or training.schedule == "constant"
    return is_cut and training.precision in ("float32", "auto")


def sampler_of(spec: JobSpec, name: str) -> SamplerSpec:
    """Return what a spec says of a sampler; the defaults of one that only tunes a control."""
    return next((s for s in spec.samplers if s.name == name), None) or SamplerSpec(name=name)


def round_size_of(spec: JobSpec, study: PlannedStudy | Study) -> int | None:
    """Return how many trials of a search depend on no value of one another.

    None for a sampler without rounds: which of its points are sure depends on the values.
    """
    if samplers.describe(study.sampler).capabilities.speculative:
        return None
    dimension = space_of(spec, study.name).dimension
    batch_size = sampler_of(spec, study.sampler).batch_size
    plan = StudyPlan(dimension, study.n_trials, study.seed, batch_size=batch_size)
    return samplers.round_size(study.sampler, plan)


def control_of(spec: JobSpec, name: str) -> ControlSpec | None:
    """Return the control of this name, None where a search has it."""
    return next((control for control in spec.controls if control.name == name), None)


def space_of(spec: JobSpec, name: str | None = None) -> Space:
    """Return the search space of a study of a complete spec; that of its searches by default."""
    if isinstance(spec.task, FunctionTask):
        return Space(tuple(FloatAxis(f"x{i}", 0.0, 1.0) for i in range(spec.task.dimension)))
    control = control_of(spec, name) if name is not None else None
    if name is not None and samplers.is_learned(name):  # at the training's own settings
        return Space(_vector(spec))
    if control is None:
        return Space(_vector(spec), _settings(spec.search))
    if control.name not in TUNED:
        return Space(())
    settings = _settings({**spec.search, "lr": learning_rates(spec, control)})
    if control.name == "density_tuned":
        return Space(_vector(spec), settings)
    return Space(_factors(spec) if control.name == "flat_tuned" else (), settings)


def learning_rates(spec: JobSpec, control: ControlSpec) -> Range:
    """Return the range in which a tuned control searches its learning rate."""
    if control.lr is not None:
        return FloatRange(low=control.lr.low, high=control.lr.high, log=True)
    if "lr" in spec.search:
        return spec.search["lr"]
    if spec.training is None:
        raise ValueError("this job trains nothing")
    lr = spec.training.lr
    return FloatRange(low=lr / LR_FACTOR, high=min(lr * LR_FACTOR, 1e3), log=True)


def _vector(spec: JobSpec) -> tuple[FloatAxis, ...]:
    wanted = density_spec(spec)
    names = (name for group in groups_of(spec) for name in group.value_names(wanted.family))
    pairs = zip(names, wanted.bounds or [], strict=True)
    return tuple(FloatAxis(name, low, high) for name, (low, high) in pairs)


def _factors(spec: JobSpec) -> tuple[FloatAxis, ...]:
    """A factor without shape for each group, as small and as large as its density's values."""
    groups = groups_of(spec)
    return tuple(
        _factor(f"{group.name} factor".strip(), axes)
        for group, axes in zip(
            groups, parted(groups, density_spec(spec).family, _vector(spec)), strict=True
        )
    )


def _factor(name: str, axes: Sequence[FloatAxis]) -> FloatAxis:
    low = max(min(axis.low for axis in axes), LEAST_FACTOR)
    return FloatAxis(name, low, max(*(axis.high for axis in axes), 2.0 * low))


def _settings(search: Mapping[str, Range]) -> tuple[Axis, ...]:
    return tuple(_axis(name, wanted) for name, wanted in search.items())


def _axis(name: str, wanted: Range) -> Axis:
    if isinstance(wanted, Choices):
        return CategoryAxis(name, tuple(wanted.choices))
    if isinstance(wanted, IntegerRange):
        return IntegerAxis(name, wanted.low, wanted.high, wanted.log)
    return FloatAxis(name, wanted.low, wanted.high, wanted.log)


def axis_kinds(space: Space) -> tuple[AxisKind, ...]:
    """Say what each coordinate of a space stands for, shape (dimension,)."""
    return tuple(_kind(axis) for axis in (*space.vector, *space.settings))


def _kind(axis: Axis) -> AxisKind:
    if isinstance(axis, CategoryAxis):
        return AxisKind(len(axis.choices), is_ordered=False)
    if isinstance(axis, IntegerAxis) and not axis.is_log:
        return AxisKind(axis.high - axis.low + 1)
    return AxisKind()
