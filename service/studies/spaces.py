"""The search spaces of a job's studies, from a spec whose sections are filled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import get_args

from densearch.sampler import AxisKind
from service import samplers
from service.spec import (
    Choices,
    ControlName,
    ControlSpec,
    DensitySpec,
    FloatRange,
    IntegerRange,
    JobSpec,
    Range,
    Training,
)
from service.studies.layer_groups import Group, parted
from service.studies.search_space import Axis, CategoryAxis, FloatAxis, IntegerAxis, Space
from service.tasks.function import FunctionTask

# Controls that search settings of the training.
TUNED = tuple(name for name in get_args(ControlName) if name.endswith("_tuned"))
# A tuned control whose range is not given looks this many times below and above the job's rate.
LR_FACTOR = 8.0
# A flat factor of 0 cannot be trained.
LEAST_FACTOR = 0.05


@dataclass(frozen=True, slots=True)
class Spaces:
    """The search spaces of a job.

    Attributes:
        searches: That of its searches.
        others: Those of its other studies, by the study's name.
    """

    searches: Space
    others: Mapping[str, Space] = field(default_factory=dict)

    def of(self, study: str) -> Space:
        """Return the space of a study by its name."""
        return self.others.get(study, self.searches)


def function_spaces(task: FunctionTask) -> Spaces:
    """Return the spaces of a job that evaluates a function: its argument's unit cube."""
    return Spaces(Space(tuple(FloatAxis(f"x{i}", 0.0, 1.0) for i in range(task.dimension))))


def training_spaces(
    spec: JobSpec, training: Training, density: DensitySpec, groups: Sequence[Group]
) -> Spaces:
    """Return the spaces of a job that trains.

    Args:
        spec: The job's.
        training: Its training section.
        density: Its density section, with as many bounds as the groups have values.
        groups: Of layers that share a density.
    """
    names = (name for group in groups for name in group.value_names(density.family))
    pairs = zip(names, density.bounds or [], strict=True)
    is_rounded = spec.method > 1
    vector = tuple(
        FloatAxis(name, low, high, is_rounded=is_rounded) for name, (low, high) in pairs
    )
    # A learned density is learned at the training's own settings.
    learned = [wanted.name for wanted in spec.samplers if samplers.is_learned(wanted.name)]
    others = {name: Space(vector) for name in learned}
    for control in spec.controls:
        rates = {"lr": learning_rates(spec, training, control)} if control.name in TUNED else None
        settings: tuple[Axis, ...] = ()
        if rates is not None:
            settings = _settings({**spec.search, **rates}, is_rounded=is_rounded)
        own: Sequence[FloatAxis] = ()
        if control.name == "density_tuned":
            own = vector
        elif control.name == "flat_tuned":
            own = _factors(vector, density.family, groups)
        others[control.name] = Space(tuple(own), settings)
    searched = _settings(spec.search, is_rounded=is_rounded)
    return Spaces(Space(vector, searched), others)


def learning_rates(spec: JobSpec, training: Training, control: ControlSpec) -> Range:
    """Return the range in which a tuned control searches its learning rate."""
    if control.lr is not None:
        return FloatRange(low=control.lr.low, high=control.lr.high, log=True)
    if "lr" in spec.search:
        return spec.search["lr"]
    lr = training.lr
    return FloatRange(low=lr / LR_FACTOR, high=min(lr * LR_FACTOR, 1e3), log=True)


def _factors(
    vector: Sequence[FloatAxis], family: str, groups: Sequence[Group]
) -> tuple[FloatAxis, ...]:
    """A factor without shape for each group, as small and as large as its density's values."""
    parts = zip(groups, parted(groups, family, vector), strict=True)
    return tuple(_factor(f"{group.name} factor".strip(), axes) for group, axes in parts)


def _factor(name: str, axes: Sequence[FloatAxis]) -> FloatAxis:
    low = max(min(axis.low for axis in axes), LEAST_FACTOR)
    high = max(*(axis.high for axis in axes), 2.0 * low)
    return FloatAxis(name, low, high, is_rounded=axes[0].is_rounded)


def _settings(search: Mapping[str, Range], *, is_rounded: bool) -> tuple[Axis, ...]:
    return tuple(_axis(name, wanted, is_rounded=is_rounded) for name, wanted in search.items())


def _axis(name: str, wanted: Range, *, is_rounded: bool) -> Axis:
    if isinstance(wanted, Choices):
        return CategoryAxis(name, tuple(wanted.choices))
    if isinstance(wanted, IntegerRange):
        return IntegerAxis(name, wanted.low, wanted.high, wanted.log)
    return FloatAxis(name, wanted.low, wanted.high, wanted.log, is_rounded)


def axis_kinds(space: Space) -> tuple[AxisKind, ...]:
    """Say what each coordinate of a space stands for, shape (dimension,)."""
    return tuple(_kind(axis) for axis in (*space.vector, *space.settings))


def _kind(axis: Axis) -> AxisKind:
    if isinstance(axis, CategoryAxis):
        return AxisKind(len(axis.choices), is_ordered=False)
    if isinstance(axis, IntegerAxis) and not axis.is_log:
        return AxisKind(axis.high - axis.low + 1)
    return AxisKind()
