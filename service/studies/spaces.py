"""The search spaces of a job's studies, from a spec whose sections are filled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import get_args

from densearch.sampler import AxisKind
from service import samplers
from service.control_sections import ControlName, ControlSpec
from service.spec import (
    NESTED_SINCE,
    Choices,
    DensitySpec,
    FloatRange,
    IntegerRange,
    JobSpec,
    Range,
)
from service.studies.layer_groups import Group, parted
from service.studies.search_space import Axis, CategoryAxis, FloatAxis, IntegerAxis, Space
from service.tasks.external import ExternalTask
from service.tasks.function import FunctionTask
from service.training_section import Training

# Controls that search settings of the training.
UNIFORM_TUNED = "uniform_tuned"
TUNED = tuple(name for name in get_args(ControlName) if name.endswith("_tuned"))
# A tuned control whose range is not given looks this many times below and above the job's rate.
LR_FACTOR = 8.0
MOST_LR = 1e3
# A common factor of a density is looked for this many times below and above 1.
FACTOR = 8.0
# Families whose values are widths and the like, all above 0.
POSITIVE_FAMILIES = ("gaussian", "power")
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
    is_rounded = spec.method >= NESTED_SINCE
    # Widths of densities of one scale: equal ratios are equally far apart.
    is_log = density.normalised and density.family in POSITIVE_FAMILIES
    vector = tuple(
        FloatAxis(name, low, high, is_log=is_log, is_rounded=is_rounded)
        for name, (low, high) in pairs
    )
    scaled = _scaled(density, groups, vector) if is_rounded else vector
    # A learned density is learned at the training's own settings.
    learned = [wanted.name for wanted in spec.samplers if samplers.is_learned(wanted.name)]
    others = {name: Space(vector) for name in learned}
    for control in spec.controls:
        settings: tuple[Axis, ...] = ()
        if control.name in TUNED:
            settings = _settings(tuned_settings(spec, training, control), is_rounded=is_rounded)
        own: Sequence[FloatAxis] = ()
        if control.name == "density_tuned":
            own = scaled
        elif control.name == "flat_tuned" and is_rounded:
            own = [_common_factor(density, group) for group in groups]
        elif control.name == "flat_tuned":
            own = _factors(vector, density.family, groups)
        is_density = control.name == "density_tuned"
        others[control.study] = Space(tuple(own), settings, is_scaled=is_rounded and is_density)
    searched = _settings(spec.search, is_rounded=is_rounded)
    if has_factors(spec):
        return Spaces(Space(scaled, searched, is_scaled=True), others)
    return Spaces(Space(vector, searched), others)


def has_factors(spec: JobSpec) -> bool:
    """Whether the searches of a job search a common factor with each density.

    A factor acts much as a learning rate does: it is searched where that is.
    """
    return spec.method >= NESTED_SINCE and "lr" in spec.search


def _scaled(
    density: DensitySpec, groups: Sequence[Group], vector: Sequence[FloatAxis]
) -> tuple[FloatAxis, ...]:
    """Return the axes of a vector with a common factor before those of each group."""
    parts = zip(groups, parted(groups, density.family, vector), strict=True)
    return tuple(axis for group, own in parts for axis in (_common_factor(density, group), *own))


def _common_factor(density: DensitySpec, group: Group) -> FloatAxis:
    low, high = density.factor or (1.0 / FACTOR, FACTOR)
    name = f"{group.name} factor".strip()
    return FloatAxis(name, low, high, is_log=True, is_rounded=True)


def tuned_settings(spec: JobSpec, training: Training, control: ControlSpec) -> Mapping[str, Range]:
    """Return the settings that a tuned control searches: the job's own, and a learning rate.

    Of an external training a rate only where there is a range for it: its own is not known here.
    """
    has_range = control.lr is not None or "lr" in spec.search
    if isinstance(spec.task, ExternalTask) and not has_range:
        return spec.search
    return {**spec.search, "lr": learning_rates(spec, training, control)}


def learning_rates(spec: JobSpec, training: Training, control: ControlSpec) -> Range:
    """Return the range in which a tuned control searches its learning rate."""
    if control.lr is not None:
        return FloatRange(low=control.lr.low, high=control.lr.high, log=True)
    if "lr" in spec.search:
        return spec.search["lr"]
    lr = training.lr
    return FloatRange(low=lr / LR_FACTOR, high=min(lr * LR_FACTOR, MOST_LR), log=True)


def takes_rate(spec: JobSpec, study: str) -> bool:
    """Whether the points of a study are trained at the best learning rate of `uniform_tuned`."""
    return spec.tuned_rate is not None and study != "uniform" and study not in TUNED


def centre_of(spec: JobSpec, study: str) -> str | None:
    """Return the study on whose best learning rate the space of another one depends, if any.

    A control searches its own rates around it, from the second method on and where the spec gives
    no range; with `tuned_rate` densities are trained at it.
    """
    if takes_rate(spec, study):
        return UNIFORM_TUNED
    if (
        spec.method < NESTED_SINCE
        or "lr" in spec.search
        or isinstance(spec.task, ExternalTask)  # its controls have ranges, or no rate
        or study not in ("flat_tuned", "density_tuned")
    ):
        return None
    given = {control.name: control.lr for control in spec.controls}
    is_free = study in given and given[study] is None
    return UNIFORM_TUNED if is_free and UNIFORM_TUNED in given else None


def at_best_rate(spec: JobSpec, study: str, space: Space, rate: float) -> Space:
    """Return the space of a study that has a centre, once that one's best rate is known."""
    return replace(space, rate=rate) if takes_rate(spec, study) else centred(space, rate)


def centred(space: Space, rate: float) -> Space:
    """Return a space with its range of the learning rate around a rate, as many octaves each way.

    Its middle is then the plain convolution at that rate.
    """
    factor = min(LR_FACTOR, MOST_LR / rate)
    axis = FloatAxis("lr", rate / factor, rate * factor, is_log=True, is_rounded=True)
    settings = (axis if own.name == axis.name else own for own in space.settings)
    return replace(space, settings=tuple(settings))


def _factors(
    vector: Sequence[FloatAxis], family: str, groups: Sequence[Group]
) -> tuple[FloatAxis, ...]:
    """A factor without shape for each group, as small and as large as its density's values."""
    parts = zip(groups, parted(groups, family, vector), strict=True)
    return tuple(_factor(f"{group.name} factor".strip(), axes) for group, axes in parts)


def _factor(name: str, axes: Sequence[FloatAxis]) -> FloatAxis:
    low = max(min(axis.low for axis in axes), LEAST_FACTOR)
    return FloatAxis(name, low, max(*(axis.high for axis in axes), 2.0 * low))


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
