"""The effects of several jobs as one: a random-effects meta-analysis of log ratios.

Each job estimates the effect on its own task, with its own error; the tasks differ besides. The
mean over tasks has Hartung and Knapp's interval, and a task that is not among them has a
prediction interval. `benchmarks/meta_coverage.py` prints how often both hold.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Combined:
    """The effect over tasks, on the scale of the effects that were combined.

    Attributes:
        mean: Mean over tasks.
        error: Its standard error.
        low: Lower end of the mean's interval, Student's t with n - 1 degrees of freedom.
        high: Upper end.
        tau2: Variance between tasks, at least 0.
        prediction_low: Lower end of the interval for the true effect on a task not among these.
        prediction_high: Upper end.
        n: Number of effects, at least 2.
    """

    mean: float
    error: float
    low: float
    high: float
    tau2: float
    prediction_low: float
    prediction_high: float
    n: int


def combine(
    effects: Sequence[float], variances: Sequence[float], confidence: float = CONFIDENCE
) -> Combined | None:
    """Combine independent estimates of an effect on several tasks.

    The variance between tasks is Paule and Mandel's. The standard error of the mean is Hartung and
    Knapp's, but not below that of the classical formula: with few effects that happen to agree it
    would be next to 0. The prediction interval takes the standard deviation
    sqrt(tau2 + error^2) and t(n - 2), as Higgins et al. advise; t(n - 1) with 2 and 3 effects,
    where t(n - 2) is of no use.

    Args:
        effects: One for each task, such as mean log ratios; their order does not matter.
        variances: Of the estimates: the squares of their standard errors, above 0.
        confidence: Of both intervals, in (0, 1).

    Returns:
        None with fewer than 2 effects.

    Raises:
        ValueError: The two differ in number, a value is not finite, or a variance is not above 0.

    Source: R. C. Paule and J. Mandel, J. Res. Natl. Bur. Stand. 87 (1982) 377-385; J. Hartung and
    G. Knapp, Statistics in Medicine 20 (2001) 3875-3889; C. Roever, G. Knapp and T. Friede, BMC
    Medical Research Methodology 15:99 (2015); J. P. T. Higgins, S. G. Thompson and D. J.
    Spiegelhalter, J. R. Stat. Soc. A 172 (2009) 137-159. Checked against metafor in
    tests/unit/service/report/meta_test.py.
    """
    y, v = _checked(effects, variances)
    n = len(y)
    if n < 2:
        return None
    from scipy.special import stdtrit  # late: importing the service stays light

    tau2 = between_tasks(y, v)
    weights = 1.0 / (v + tau2)
    mean = _mean(y, weights)
    scale = float(np.sum(weights * (y - mean) ** 2)) / (n - 1)
    error = math.sqrt(max(scale, 1.0) / float(np.sum(weights)))
    upper = 0.5 + confidence / 2.0
    reach = float(stdtrit(n - 1, upper)) * error
    new = float(stdtrit(prediction_df(n), upper)) * math.sqrt(tau2 + error**2)
    return Combined(mean, error, mean - reach, mean + reach, tau2, mean - new, mean + new, n)


def prediction_df(n: int) -> int:
    """Return the degrees of freedom of the prediction interval from n >= 2 effects."""
    return n - 1 if n < 4 else n - 2


def between_tasks(effects: Array, variances: Array) -> float:
    """Return Paule and Mandel's variance between tasks.

    It is the value at which the weighted sum of squares equals its expectation n - 1; 0 where the
    effects differ by no more than their errors explain.

    Args:
        effects: Shape (n,), n >= 2.
        variances: Shape (n,), above 0.
    """
    from scipy.optimize import brentq

    def excess(tau2: float) -> float:
        weights = 1.0 / (variances + tau2)
        return float(np.sum(weights * (effects - _mean(effects, weights)) ** 2)) - len(effects) + 1

    if excess(0.0) <= 0.0:
        return 0.0
    # Any weighted sum of squares is at most that around the plain mean: the root lies below this.
    ceiling = float(np.sum((effects - effects.mean()) ** 2)) / (len(effects) - 1)
    if excess(ceiling) >= 0.0:  # equal variances that are negligible
        return ceiling
    return float(brentq(excess, 0.0, ceiling, xtol=1e-15 * ceiling, rtol=1e-12))


def _mean(effects: Array, weights: Array) -> float:
    return float(np.sum(weights * effects) / np.sum(weights))


def _checked(effects: Sequence[float], variances: Sequence[float]) -> tuple[Array, Array]:
    """Return both as arrays in an order that does not depend on that of the jobs."""
    if len(effects) != len(variances):
        raise ValueError(f"{len(effects)} effects, but {len(variances)} variances")
    pairs = np.array(sorted(zip(effects, variances, strict=True)), dtype=np.float64).reshape(-1, 2)
    if not np.isfinite(pairs).all():
        raise ValueError("effects and variances must be finite")
    if (pairs[:, 1] <= 0.0).any():
        raise ValueError("variances must be above 0")
    return pairs[:, 0], pairs[:, 1]
