"""Densities that a user gives by their values, for the kernels that they are made for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from densearch.density import families
from densearch.density.families import Density
from densearch.density.scale import scaled
from service.control_sections import GivenDensity
from service.studies.layer_groups import Group


def fits(given: GivenDensity, group: Group) -> bool:
    """Whether a density has the values of a group's kernels."""
    if given.alpha is not None:
        return len(given.alpha) == group.kernel_size
    return len(given.vector or ()) == group.n_free(given.family or "symmetric")


def density_of(given: Sequence[GivenDensity], group: Group) -> Density:
    """Build the first of some densities that is for a group's kernels.

    Raises:
        ValueError: None is, or it has a value that its family cannot take.
    """
    found = next((one for one in given if fits(one, group)), None)
    if found is None:
        raise ValueError(f"there is no density for {group.window} kernels")
    family, vector = _values(found, group.n_dims)
    shape = families.build(family, group.kernel_size, vector, group.n_dims)
    return shape if found.factor is None else scaled(shape, found.factor)


def _values(given: GivenDensity, n_dims: int) -> tuple[str, list[float]]:
    """Return the family and the free values; of lists the narrowest family that has them."""
    if given.alpha is None:
        return given.family or "symmetric", list(given.vector or ())
    axes = [given.alpha, given.beta or given.alpha, given.gamma or given.alpha][:n_dims]
    radius = len(given.alpha) // 2
    if any(axis != axis[::-1] for axis in axes):
        return "separable", [v for axis in axes for v in (*axis[:radius], *axis[radius + 1 :])]
    if any(axis != given.alpha for axis in axes):
        return "separable-symmetric", [value for axis in axes for value in axis[:radius]]
    return "symmetric", given.alpha[:radius]


def faults_in(given: GivenDensity, n_dims: int) -> Iterator[tuple[str, str]]:
    """Yield the field and the fault of a density that is none whatever the network.

    Args:
        given: The density.
        n_dims: Axes of the task's samples, 3 where they are not known yet.
    """
    if (given.vector is None) == (given.alpha is None):
        yield "", "give either vector, the free values, or alpha, all values along an axis"
        return
    if given.alpha is None:
        for name in families.FACTOR_NAMES[1:]:
            if getattr(given, name) is not None:
                yield f"/{name}", "belongs to alpha: give that in place of vector"
        return
    if given.family is not None:
        yield "/family", "belongs to vector: leave it out"
    for index, name in enumerate(families.FACTOR_NAMES):
        yield from _axis_faults(given, index, name, n_dims)


def _axis_faults(
    given: GivenDensity, index: int, name: str, n_dims: int
) -> Iterator[tuple[str, str]]:
    taps, first = getattr(given, name), given.alpha or []
    if taps is None:
        return
    if index >= n_dims:
        yield f"/{name}", f"the kernels have {n_dims} axes: leave it out"
    elif len(taps) % 2 == 0:
        yield f"/{name}", f"has {len(taps)} values: kernels have an odd number along an axis"
    elif len(taps) != len(first):
        yield f"/{name}", f"has {len(taps)} values, alpha {len(first)}: give as many"
    elif taps[len(taps) // 2] != 1.0:
        centre = taps[len(taps) // 2]
        remedy = "divide all by it, and give factor where the scale matters"
        yield f"/{name}", f"has {centre:g} at its centre in place of 1: {remedy}"
