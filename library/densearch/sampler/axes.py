"""Between a coordinate of the unit cube and the value of a discrete axis.

A discrete axis gives each of its values an equal share of [0, 1]; the middle of the share stands
for the value, so that equal values are equal points.
"""

from __future__ import annotations

from collections.abc import Iterable

from densearch.sampler.contract import AxisKind, StudyPlan

REAL = AxisKind()


def axes_of(study: StudyPlan) -> tuple[AxisKind, ...]:
    """Return what each coordinate stands for, shape (dimension,)."""
    return study.axes or (REAL,) * study.dimension


def share_of(u: float, n_values: int) -> int:
    """Return which of the shares of [0, 1] a coordinate lies in, from 0 to n_values - 1."""
    return min(int(u * n_values), n_values - 1)


def middle(index: int, n_values: int) -> float:
    """Return the coordinate that stands for a value: the middle of its share."""
    return (index + 0.5) / n_values


def snapped(point: Iterable[float], axes: tuple[AxisKind, ...]) -> tuple[float, ...]:
    """Return a point with its discrete coordinates moved to the middle of their shares."""
    return tuple(
        float(u) if axis.n_values is None else middle(share_of(u, axis.n_values), axis.n_values)
        for u, axis in zip(point, axes, strict=True)
    )
