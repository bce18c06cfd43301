"""The meaning of each value of a job's search vector: its layers and taps, or its setting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from densearch.density import families
from service.studies.layer_groups import Group
from service.studies.resolved import ResolvedSpec, TrainingJob
from service.studies.search_space import Axis, CategoryAxis, Value

BY_FACTOR = ("symmetric", "separable-symmetric", "separable")
BY_WIDTH = ("gaussian", "power")


@dataclass(frozen=True, slots=True)
class SetTaps:
    """The taps of a kernel that a free value sets.

    Attributes:
        factors: Those of alpha, beta and gamma that it belongs to; empty where it sets Phi itself.
        positions: Offsets from the centre: one number along each of the factors, or one for each
            axis of Phi. None: all taps but the centre; an empty tuple: all taps.
    """

    factors: tuple[str, ...]
    positions: tuple[tuple[int, ...], ...] | None


# A common factor multiplies all taps, the centre among them.
FACTOR = SetTaps((), ())


@dataclass(frozen=True, slots=True)
class VectorEntry:
    """One value of the search vector.

    Attributes:
        index: Its index in a point, from 0.
        name: Its name where points are shown.
        group: The group of layers that it belongs to, "" where that is all; None for a setting.
        layers: These layers, of the spec's own network where its depth is searched.
        kernel_size: Theirs.
        factors: As in `SetTaps`.
        positions: As in `SetTaps`; None for a setting, too.
        low: The range's lower end; None for choices.
        high: Its upper end.
        is_log: Whether equal ratios are equally far apart.
        choices: The choices of a categorical setting.
    """

    index: int
    name: str
    low: float | None
    high: float | None
    is_log: bool = False
    choices: tuple[Value, ...] | None = None
    group: str | None = None
    layers: tuple[str, ...] = ()
    kernel_size: int | None = None
    factors: tuple[str, ...] = ()
    positions: tuple[tuple[int, ...], ...] | None = None


def described(resolved: ResolvedSpec) -> list[VectorEntry]:
    """Describe the vector that a job's searches propose, in a point's order."""
    space = resolved.spaces.searches
    owners = list(_owners(resolved)) if isinstance(resolved, TrainingJob) else []
    entries = []
    for index, axis in enumerate((*space.vector, *space.settings)):
        entry = _entry(index, axis)
        if index < len(owners):
            group, taps = owners[index]
            entry = _owned(entry, group, taps)
        entries.append(entry)
    return entries


def _owners(resolved: TrainingJob) -> Iterator[tuple[Group, SetTaps]]:
    for group in resolved.groups:
        if resolved.spaces.searches.is_scaled:
            yield group, FACTOR
        for taps in taps_of(resolved.density.family, group.kernel_size, group.n_dims):
            yield group, taps


def _entry(index: int, axis: Axis) -> VectorEntry:
    if isinstance(axis, CategoryAxis):
        return VectorEntry(index, axis.name, None, None, choices=axis.choices)
    return VectorEntry(index, axis.name, axis.low, axis.high, axis.is_log)


def _owned(entry: VectorEntry, group: Group, taps: SetTaps) -> VectorEntry:
    return replace(
        entry,
        group=group.name,
        layers=group.layers,
        kernel_size=group.kernel_size,
        factors=taps.factors,
        positions=taps.positions,
    )


def taps_of(family: str, kernel_size: int, n_dims: int = 2) -> list[SetTaps]:
    """Return which taps each free value of a family sets, in the order of `density.describe`.

    The layout of a vector has its one home in `densearch.density.families`: it is asked there for
    a density of distinct values.

    Raises:
        ValueError: As `densearch.density.families.n_free`.
    """
    n_free = families.n_free(family, kernel_size, n_dims)
    if family in BY_WIDTH:
        return [SetTaps((), None)] * n_free
    marks = range(2, n_free + 2)
    distinct = families.build(family, kernel_size, marks, n_dims)
    if family not in BY_FACTOR:
        return [SetTaps((), _offsets(distinct.phi == mark)) for mark in marks]
    return [_by_factor(distinct, mark) for mark in marks]


def _by_factor(distinct: families.Density, mark: int) -> SetTaps:
    named = zip(families.FACTOR_NAMES, distinct.factors, strict=False)
    own = {name: factor == mark for name, factor in named if np.any(factor == mark)}
    return SetTaps(tuple(own), _offsets(next(iter(own.values()))))


def _offsets(chosen: NDArray[np.bool_]) -> tuple[tuple[int, ...], ...]:
    centre = np.array(chosen.shape) // 2
    return tuple(tuple(int(step) for step in index - centre) for index in np.argwhere(chosen))
