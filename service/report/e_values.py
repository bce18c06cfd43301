"""Evidence that holds whenever one stops: the e-value of a t test."""

from __future__ import annotations

import math

# An e-value of 1 / 0.05: where nothing differs it is ever reached with a probability of 5 %.
SIGNIFICANT = 20.0
# Prior variance of the effect in standard deviations of a pair.
_PRIOR = 1.0


def e_value(n: int, mean: float, sd: float) -> float | None:
    """Return the e-value of paired differences against a mean of 0.

    It is the Bayes factor of a normal prior on the effect, of variance g = 1 in standard
    deviations, with the right Haar prior on the standard deviation. With t = mean sqrt(n) / sd it
    is

        (1 + n g)^(-1/2) ((1 + t^2 / (n - 1)) / (1 + t^2 / ((n - 1) (1 + n g))))^(n / 2).

    Over growing n this is a martingale where the mean is 0, whatever the standard deviation: the
    probability that it ever exceeds 1 / a is at most a.

    Args:
        n: Number of pairs.
        mean: Of the differences.
        sd: Their sample standard deviation.

    Returns:
        None with fewer than 2 pairs, or where all differences are 0.

    Source: M. F. Perez-Ortiz et al., "E-statistics, group invariance and anytime-valid testing",
    Annals of Statistics 52 (2024); the formula is that of M. Gonen et al., "The Bayesian
    two-sample t test", The American Statistician 59 (2005), for one sample.
    """
    if n < 2 or (mean == 0.0 and sd == 0.0):
        return None
    spread, wide = 1.0 + n * _PRIOR, (n - 1) * sd**2
    square = n * mean**2
    log_ratio = math.log(wide + square) - math.log(wide + square / spread)
    return math.exp(min(0.5 * (n * log_ratio - math.log(spread)), 700.0))
