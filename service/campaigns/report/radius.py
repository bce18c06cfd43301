"""The best radius of a density, and how it changes with the data and the network.

Each job of a cell has trained densities of one family, `gaussian`, at several widths and at one
scale. A parabola through its log losses over log widths has its minimum at the job's best width.
The unit of the slopes is the cell: its jobs differ by their seed alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from densearch.density import families
from service.report.effects import MOST_LOG, share_of

# A parabola has three coefficients; one more width shows nothing of how well it fits.
LEAST_WIDTHS = 5
# One-sided level at which a valley must be shown to have a bottom.
LEVEL = 0.025
CONFIDENCE = 0.95

Array = NDArray[np.float64]
Standing = Literal["fitted", "flat", "outside", "too few"]


@dataclass(frozen=True, slots=True)
class Valley:
    """The validation losses of one job over the widths of its densities, both above 0."""

    widths: Sequence[float]
    losses: Sequence[float]
    kernel_size: int
    n_dims: int


@dataclass(frozen=True, slots=True)
class BestRadius:
    """The best radius of a cell.

    Attributes:
        standing: "fitted"; "flat": the valley is not shown to have a bottom, so that there is no
            optimum to speak of; "outside": its bottom is not between the widths; "too few": fewer
            than `LEAST_WIDTHS` widths in any of the jobs. All but the first are no data point.
        n_jobs: Jobs with enough widths.
        width: Best width (sigma, in taps).
        radius: Effective radius of the density of this width, in taps.
        log_radius: Its natural logarithm.
        low: Lower end of its 95 % interval over the seeds; None with one job.
        high: Upper end.
    """

    standing: Standing
    n_jobs: int
    width: float | None = None
    radius: float | None = None
    log_radius: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Slope:
    """How the best radius changes where a quantity doubles, the others being held.

    Attributes:
        name: Of the quantity.
        low_value: Its least value among the cells.
        high_value: The largest.
        change: Share of the radius, -0.12 is 12 % less for each doubling.
        low: Lower end of the 95 % interval, Student's t with `df`.
        high: Upper end.
        p: Two-sided.
        df: Cells less parameters.
        n_cells: Cells with a fitted radius.
    """

    name: str
    low_value: float
    high_value: float
    change: float
    low: float
    high: float
    p: float
    df: int
    n_cells: int

    @property
    def is_shown(self) -> bool:
        """Whether the interval excludes no change."""
        return self.low > 0.0 or self.high < 0.0


def best_radius(valleys: Sequence[Valley]) -> BestRadius:
    """Fit the best radius of a cell.

    The mean parabola of the jobs has the cell's minimum. A job's own minimum is one step of
    Newton's method from there with the mean curvature: a job whose own curvature is next to 0
    would have its minimum anywhere. The error over the seeds is that of these minima.

    Args:
        valleys: Of its jobs, one for each seed.
    """
    used = [each for each in valleys if len(set(each.widths)) >= LEAST_WIDTHS]
    if not used:
        return BestRadius("too few", 0)
    parabolas = np.array([_parabola(each) for each in used])
    _, slope, curvature = parabolas.mean(axis=0)
    if not _has_bottom(used, parabolas):
        return BestRadius("flat", len(used))
    at = float(-slope / (2.0 * curvature))
    narrow, wide = max(min(v.widths) for v in used), min(max(v.widths) for v in used)
    if not math.log(narrow) <= at <= math.log(wide):
        return BestRadius("outside", len(used))
    own = at - (parabolas[:, 1] + 2.0 * parabolas[:, 2] * at) / (2.0 * curvature)
    return _with_interval(used[0], at, own)


def _parabola(valley: Valley) -> Array:
    """Return constant, slope and curvature of log losses over log widths, shape (3,)."""
    found, *_ = np.linalg.lstsq(_terms(valley), np.log(np.asarray(valley.losses)), rcond=None)
    return np.asarray(found)


def _terms(valley: Valley) -> Array:
    """Return 1, x and x^2 of each log width x, shape (n, 3)."""
    x = np.log(np.asarray(valley.widths, dtype=np.float64))
    return np.stack([np.ones_like(x), x, x**2], axis=1)


def _has_bottom(valleys: Sequence[Valley], parabolas: Array) -> bool:
    """Whether the jobs' mean curvature is shown to be above 0, against their residuals.

    Args:
        valleys: Of n jobs.
        parabolas: Of each, as `_parabola` returns it, shape (n, 3).
    """
    from scipy.special import stdtr  # late: importing the service stays light

    squares, df, variance = 0.0, 0, 0.0
    for valley, parabola in zip(valleys, parabolas, strict=True):
        terms = _terms(valley)
        residuals = np.log(np.asarray(valley.losses)) - terms @ parabola
        squares += float(residuals @ residuals)
        df += len(terms) - 3
        variance += float(np.linalg.inv(terms.T @ terms)[2, 2])
    error = math.sqrt(squares / df * variance) / len(valleys)
    curvature = float(parabolas.mean(axis=0)[2])
    if error == 0.0:
        return curvature > 0.0
    return float(stdtr(df, -curvature / error)) < LEVEL


def _with_interval(valley: Valley, at: float, own: Array) -> BestRadius:
    from scipy.special import stdtrit

    radius = effective_radius(math.exp(at), valley)
    # Of the log radius over the log width, by a central difference.
    step = 1e-4
    ends = [math.log(effective_radius(math.exp(at + s), valley)) for s in (-step, step)]
    gain = (ends[1] - ends[0]) / (2.0 * step)
    low = high = None
    if len(own) > 1:
        error = gain * float(own.std(ddof=1)) / math.sqrt(len(own))
        reach = float(stdtrit(len(own) - 1, 0.5 + CONFIDENCE / 2.0)) * error
        reach = min(reach, MOST_LOG)  # of two seeds it may be beyond any number
        low, high = radius * math.exp(-reach), radius * math.exp(reach)
    return BestRadius(
        "fitted", len(own), math.exp(at), radius, math.log(radius), low=low, high=high
    )


def effective_radius(width: float, valley: Valley) -> float:
    """Return the effective radius of a density of a width, in taps."""
    density = families.build("gaussian", valley.kernel_size, [width], valley.n_dims)
    found = density.effective_radius
    if found is None:
        raise ValueError(f"a density of width {width!r} has no sum")
    return found


def slope_of(
    name: str,
    values: Sequence[float],
    radii: Sequence[float],
    factors: Sequence[Mapping[str, Any]],
) -> Slope | None:
    """Estimate how the best radius changes with a quantity, by least squares over cells.

    The model is log radius = constant + slope * log2(value) + an effect of each level of each
    factor.

    Args:
        name: Of the quantity.
        values: Of each cell, above 0, shape (n,).
        radii: Log radius of each cell, shape (n,).
        factors: Levels of all other settings of each cell, by the setting's name, shape (n,).

    Returns:
        None where the quantity has one value, no cell is left over for an error, or its effect
        cannot be parted from a factor's.
    """
    from scipy.special import stdtr, stdtrit

    if len(set(values)) < 2:
        return None
    x = np.log2(np.asarray(values, dtype=np.float64))
    terms = np.column_stack([np.ones_like(x), x, *_dummies(factors)])
    n, p = terms.shape
    if n <= p or np.linalg.matrix_rank(terms) < p:
        return None
    y = np.asarray(radii, dtype=np.float64)
    found, *_ = np.linalg.lstsq(terms, y, rcond=None)
    residuals = y - terms @ found
    variance = float(residuals @ residuals) / (n - p) * float(np.linalg.inv(terms.T @ terms)[1, 1])
    error, slope = math.sqrt(variance), float(found[1])
    reach = float(stdtrit(n - p, 0.5 + CONFIDENCE / 2.0)) * error
    return Slope(
        name=name,
        low_value=min(values),
        high_value=max(values),
        change=share_of(slope),
        low=share_of(slope - reach),
        high=share_of(slope + reach),
        p=2.0 * float(stdtr(n - p, -abs(slope) / error)) if error else float(slope == 0.0),
        df=n - p,
        n_cells=n,
    )


def _dummies(factors: Sequence[Mapping[str, Any]]) -> list[Array]:
    """Return a column for each level but the first of each factor."""
    names = dict.fromkeys(name for own in factors for name in own)
    columns = []
    for name in names:
        levels = [repr(own.get(name)) for own in factors]
        columns += [
            np.array([float(own == level) for own in levels]) for level in sorted(set(levels))[1:]
        ]
    return columns
