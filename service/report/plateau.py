"""The plateau: the range of points whose values differ from the best's by less than the noise.

The noise is estimated from the final evaluation: how much the difference of two arms varies
between seeds. A search trains every point with one seed, so that two values that differ by less
than the noise may rank the other way with another seed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from service.report import statistics
from service.studies.search_space import Axis, CategoryAxis, FloatAxis, Space, Value

Array = NDArray[np.float64]

# Two trials are neighbours if no other trial is nearer to their midpoint, up to rounding.
TOLERANCE = 1e-9
# Of more trials than this, those that cover the box most evenly are used.
MAX_TRIALS = 1000
# Smaller values that need more decimals are written with an exponent.
MAX_DECIMALS, LEAST_FIXED = 4, 1e-3


# Pairs of arms from which on one of them cannot decide the noise.
ROBUST_FROM = 3


@dataclass(frozen=True, slots=True)
class Noise:
    """Spread over seeds of the paired difference in loss between two arms.

    Attributes:
        relative: Standard deviation of a paired difference, over the size of the arms' mean loss.
        limit: Absolute difference that two equally good points exceed for one seed in twenty,
            in the same unit: t(0.975) `relative`, with the (n_arms - 1) (n_seeds - 1) degrees of
            freedom of the two-way analysis of variance.
        n_arms: Distinct arms compared.
        n_seeds: Greatest number of seeds shared by a pair of arms.
    """

    relative: float
    limit: float
    n_arms: int
    n_seeds: int


@dataclass(frozen=True, slots=True)
class AxisRange:
    """The plateau along one axis.

    Attributes:
        axis: Its name, as in the space.
        best: The value of the best trial.
        low: Least value on the plateau; `best` where it has one trial, or for a categorical axis.
        high: Greatest value on the plateau.
        text: The range, rounded by its width or by the distance to the nearest other trial; "at
            least" where no trial was worse, so that the range ends where the trials do.
    """

    axis: str
    best: Value
    low: Value
    high: Value
    text: str


@dataclass(frozen=True, slots=True)
class Plateau:
    """The trials whose values differ from a study's best by less than the noise.

    Attributes:
        n_trials: Number of trials on the plateau, including the best.
        n_compared: Number of trials that were considered, including these.
        noise: Standard deviation of a difference, in the objective's unit.
        limit: Greatest excess over the best's value on the plateau, in the objective's unit.
        axes: One range for each axis, in the order of the space.
    """

    n_trials: int
    n_compared: int
    noise: float
    limit: float
    axes: tuple[AxisRange, ...]


def noise_of(losses: Iterable[Mapping[int, float]]) -> Noise | None:
    """Pool the spread of the paired differences of all pairs of arms.

    With d the differences of a pair on its shared seeds over the size of its mean loss, a
    pair's variance is sum (d - mean d)^2 / (n - 1). Differences are relative because the spread
    grows with the loss and the validation split differs from the test split. Pairs without any
    difference are the same training twice and are skipped.

    One arm that is noisier than the others, near divergence, must not make all of them look alike:
    with three pairs and more the variance is the median of theirs, scaled to be right for normal
    noise.

    Args:
        losses: Test losses of each arm by the index of their seed.

    Returns:
        None where no pair has two seeds.
    """
    kept = [arm for arm in losses if len(arm) > 1]
    variances: list[tuple[float, int]] = []
    n_seeds, used = 0, set[int]()
    for i, j in combinations(range(len(kept)), 2):
        shared = sorted(kept[i].keys() & kept[j].keys())
        ours, theirs = (np.array([kept[k][seed] for seed in shared]) for k in (i, j))
        level = abs(float(np.mean([ours, theirs]))) if shared else 0.0
        if len(shared) < 2 or level == 0.0 or np.array_equal(ours, theirs):
            continue
        variances.append((float(np.var((ours - theirs) / level, ddof=1)), len(shared) - 1))
        n_seeds = max(n_seeds, len(shared))
        used |= {i, j}
    if not variances:
        return None
    relative = math.sqrt(_pooled(variances))
    return Noise(relative, _quantile(len(used), n_seeds) * relative, len(used), n_seeds)


def _pooled(variances: Sequence[tuple[float, int]]) -> float:
    """Return one variance for all pairs, from each with its degrees of freedom."""
    if len(variances) < ROBUST_FROM:
        return sum(v * n for v, n in variances) / sum(n for _, n in variances)
    from scipy.special import chdtri  # late: importing the service stays light

    return float(np.median([v * n / chdtri(n, 0.5) for v, n in variances]))


def _quantile(n_arms: int, n_seeds: int) -> float:
    from scipy.special import stdtrit  # late: importing the service stays light

    return float(stdtrit((n_arms - 1) * (n_seeds - 1), 0.5 + statistics.CONFIDENCE / 2.0))


def plateau_of(
    space: Space,
    points: Sequence[Sequence[float]],
    values: Sequence[float],
    best: Sequence[float],
    noise: Noise,
) -> Plateau | None:
    """Find the plateau around a study's best.

    The plateau is the connected component of the best among the trials that exceed it by at most
    `Noise.limit`, in the Gabriel graph: two trials are neighbours if no other trial lies inside
    the ball whose diameter joins them. On one axis it extends from the best in both directions up
    to the first trial outside the noise. Trials with other categorical values than the best's are
    excluded. In several dimensions the ranges span the plateau's bounding box, which may contain
    worse points. Of more than `MAX_TRIALS` trials, those that cover the box most evenly are used.

    Args:
        space: The study's search space.
        points: Its trials in the unit cube, shape (n, space.dimension).
        values: Their losses, all of full or all of short trainings, shape (n,).
        best: The point of its best trial, which is one of `points`.
        noise: See `noise_of`.

    Returns:
        None if there is nothing to compare: no axis, or no second trial.

    Source: Gabriel and Sokal, Systematic Zoology 18 (1969) 259-278.
    """
    axes = (*space.vector, *space.settings)
    alike = [i for i, point in enumerate(points) if _choices(axes, point) == _choices(axes, best)]
    if not axes or len(alike) < 2:
        return None
    cloud = np.array([points[i] for i in alike], dtype=np.float64)
    kept = _evenly(cloud, int(np.argmin(np.linalg.norm(cloud - np.asarray(best), axis=1))))
    cloud, start = cloud[kept], 0
    heights = np.array([values[alike[i]] for i in kept])
    level = abs(float(heights[start]))
    allowed = level * noise.limit
    within = np.flatnonzero(heights <= heights[start] + allowed)
    found = cloud[_reachable(cloud, within, start)]
    step = _nearest(cloud, start)
    ranges = tuple(_range(axis, found[:, k], float(best[k]), step) for k, axis in enumerate(axes))
    if len(found) == len(cloud):
        ranges = tuple(map(_open, ranges))
    return Plateau(len(found), len(cloud), level * noise.relative, allowed, ranges)


def _choices(axes: Sequence[Axis], point: Sequence[float]) -> list[Value]:
    pairs = zip(axes, point, strict=True)
    return [axis.value(u) for axis, u in pairs if isinstance(axis, CategoryAxis)]


def _evenly(cloud: Array, start: int) -> list[int]:
    """Return at most `MAX_TRIALS` indices: `start`, then repeatedly the farthest point."""
    if len(cloud) <= MAX_TRIALS:
        return [start, *(i for i in range(len(cloud)) if i != start)]
    kept, gaps = [start], np.full(len(cloud), np.inf)
    while len(kept) < MAX_TRIALS:
        gaps = np.minimum(gaps, np.linalg.norm(cloud - cloud[kept[-1]], axis=1))
        kept.append(int(np.argmax(gaps)))
    return kept


def _reachable(cloud: Array, within: NDArray[np.intp], start: int) -> list[int]:
    """Return the indices of the component of `start` among the points `within`."""
    from scipy.spatial import cKDTree  # late: importing the service stays light

    tree = cKDTree(cloud)
    left = np.setdiff1d(within, [start])
    found, queue = [start], [start]
    while queue and left.size:
        here = cloud[queue.pop()]
        middles = (cloud[left] + here) / 2.0
        radii = np.linalg.norm(cloud[left] - here, axis=1) / 2.0
        nearest, _ = tree.query(middles)
        is_next = nearest >= radii * (1.0 - TOLERANCE)
        found += left[is_next].tolist()
        queue += left[is_next].tolist()
        left = left[~is_next]
    return sorted(found)


def _nearest(cloud: Array, start: int) -> float:
    """Return the distance from the best to the nearest trial at another point, unit cube."""
    distances = np.linalg.norm(cloud - cloud[start], axis=1)
    return float(np.min(distances[distances > 0.0], initial=1.0))


def _range(axis: Axis, on: Array, best: float, step: float) -> AxisRange:
    low, high, centre = axis.value(float(on.min())), axis.value(float(on.max())), axis.value(best)
    if isinstance(axis, CategoryAxis):
        return AxisRange(axis.name, centre, centre, centre, f"{centre}")
    if isinstance(axis, FloatAxis):
        ends = axis.value(float(on.min())), axis.value(float(on.max()))
        text = _range_text(*ends, axis.value(best), _resolution(axis, best, step))
    else:
        text = f"{centre}" if low == high else f"{low} to {high}"
    return AxisRange(axis.name, centre, low, high, text)


def _open(found: AxisRange) -> AxisRange:
    return replace(found, text=f"at least {found.text}") if found.low != found.high else found


def _resolution(axis: FloatAxis, best: float, step: float) -> float:
    """Return the change of an axis' value over the distance to the nearest trial."""
    ends = (axis.value(min(best + step, 1.0)), axis.value(max(best - step, 0.0)))
    return max(abs(end - axis.value(best)) for end in ends)


def _range_text(low: float, high: float, centre: float, resolution: float) -> str:
    """Format a range to two digits of its width, a single value to one of the resolution."""
    is_range = low < high
    decimals = _decimals(max(high - low, resolution)) + is_range
    with_exponent = decimals > MAX_DECIMALS and abs(low) < LEAST_FIXED
    first, last = (_rounded(v, decimals, with_exponent=with_exponent) for v in (low, high))
    if not is_range or first == last:
        return _rounded(centre, decimals, with_exponent=with_exponent)
    return f"{first} to {last}"


def _decimals(width: float) -> int:
    """Return the decimal place of a width's first digit: 1 for 0.37, 2 for 0.05, -1 for 20."""
    return -math.floor(math.log10(width))


def _rounded(value: float, decimals: int, *, with_exponent: bool) -> str:
    """Format a value to a number of decimals, but at least to its first digit."""
    if value == 0.0:
        return f"{0.0:.{min(max(decimals, 0), MAX_DECIMALS)}f}"
    if with_exponent:
        return f"{value:.{max(0, decimals - _decimals(abs(value)))}e}"
    return f"{value:.{max(decimals, 0, _decimals(abs(value)))}f}"
