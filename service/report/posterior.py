"""What is known of an effect: from one job's seeds, and from those with earlier jobs.

An effect is a mean log ratio, or a share of the loss; below 0 the arm is better. A job's seeds
give Student's t around their mean. Earlier jobs give a prior for the job's own true effect: the
predictive distribution of their meta-analysis, again Student's t. Both together are their
product, computed on a grid. With known variances that is the normal-normal posterior; Student's
tails hold where a job has few seeds, or few jobs came before it, and let a job that contradicts
the earlier ones stand for itself. `benchmarks/decision_calibration.py` compares the two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.report.meta import Combined, prediction_df

# Quantiles of the narrower distribution on which the product is computed.
N_QUANTILES = 20_001
TAILS = (0.025, 0.975)


@dataclass(frozen=True, slots=True)
class Belief:
    """Student's t distribution of an effect.

    Attributes:
        mean: Its centre.
        error: Its scale, at least 0; at 0 the effect is known.
        df: Degrees of freedom, at least 1.
    """

    mean: float
    error: float
    df: int

    @classmethod
    def before(cls, earlier: Combined) -> Belief:
        """Return what earlier jobs say of a task that is not among theirs."""
        error = math.sqrt(earlier.tau2 + earlier.error**2)
        return cls(earlier.mean, error, prediction_df(earlier.n))


@dataclass(frozen=True, slots=True)
class Posterior:
    """What is known of an effect after all.

    Attributes:
        below: The probability that the effect is below the limit that was asked for.
        mean: Of the effect; the centre where Student's t has no mean.
        sd: Its standard deviation; the scale where Student's t has none.
        low: Lower end of the central interval of 95 %.
        high: Upper end.
    """

    below: float
    mean: float
    sd: float
    low: float
    high: float


def posterior(own: Belief, prior: Belief | None, limit: float) -> Posterior:
    """Combine what a job's seeds say of its effect with what was known before.

    Args:
        own: From the job's seeds.
        prior: From earlier jobs; None where there are none.
        limit: On the scale of the effect.
    """
    if own.error == 0.0:
        return Posterior(float(own.mean < limit), own.mean, 0.0, own.mean, own.mean)
    return _alone(own, limit) if prior is None else _together(own, prior, limit)


def _alone(own: Belief, limit: float) -> Posterior:
    from scipy.special import stdtr, stdtrit  # late: importing the service stays light

    reach = own.error * float(stdtrit(own.df, TAILS[1]))
    sd = own.error * (math.sqrt(own.df / (own.df - 2)) if own.df > 2 else 1.0)
    below = float(stdtr(own.df, (limit - own.mean) / own.error))
    return Posterior(below, own.mean, sd, own.mean - reach, own.mean + reach)


def _together(own: Belief, prior: Belief, limit: float) -> Posterior:
    """Weight equal shares of the narrower distribution by the density of the wider one."""
    from scipy.special import stdtrit

    narrow, wide = sorted((own, prior), key=lambda one: one.error)
    shares = (np.arange(N_QUANTILES) + 0.5) / N_QUANTILES
    effects = narrow.mean + narrow.error * stdtrit(narrow.df, shares)
    away = (effects - wide.mean) / wide.error
    logs = -0.5 * (wide.df + 1) * np.log1p(away**2 / wide.df)
    weights = np.exp(logs - logs.max())
    weights /= weights.sum()
    mean = float(weights @ effects)
    low, high = _quantiles(effects, weights, TAILS)
    sd = math.sqrt(float(weights @ (effects - mean) ** 2))
    return Posterior(float(weights[effects < limit].sum()), mean, sd, low, high)


def _quantiles(
    effects: np.typing.NDArray[np.float64],
    weights: np.typing.NDArray[np.float64],
    shares: Sequence[float],
) -> list[float]:
    reached = np.cumsum(weights) - 0.5 * weights
    return [float(one) for one in np.interp(shares, reached, effects)]


def chance_of_deciding(
    known: Posterior, spread: float, n_more: int, limit: float, sure: float
) -> float:
    """Return the probability that more seeds decide whether the effect is below a limit.

    Decided is where the probability of being below it is above `sure`, or below 1 - `sure`. All
    distributions are taken as normal.

    Args:
        known: What is known now.
        spread: Standard deviation of a pair of trainings on the scale of the effect, above 0.
        n_more: Seeds, at least 1.
        limit: On the scale of the effect.
        sure: In (0.5, 1).
    """
    from scipy.special import ndtr, ndtri

    variance = known.sd**2
    after = 1.0 / (1.0 / variance + n_more / spread**2)
    moves = math.sqrt(variance - after)
    away = known.mean - limit
    needed = float(ndtri(sure)) * math.sqrt(after)
    return float(ndtr((-away - needed) / moves) + ndtr((away - needed) / moves))
