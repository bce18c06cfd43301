"""Posteriors: closed forms, quadrature by scipy, and jobs that contradict the earlier ones."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, stats

from service.report.meta import combine
from service.report.posterior import Belief, Posterior, chance_of_deciding, posterior

OWN = Belief(-0.03, 0.01, 4)


def test_alone_it_is_students_t() -> None:
    found = posterior(OWN, None, -0.01)
    oracle = stats.t(4, -0.03, 0.01)
    assert found.below == pytest.approx(oracle.cdf(-0.01))
    assert (found.low, found.high) == pytest.approx(oracle.interval(0.95))
    assert (found.mean, found.sd) == pytest.approx((oracle.mean(), oracle.std()))


def test_without_spread_the_effect_is_known() -> None:
    found = posterior(Belief(-0.03, 0.0, 4), Belief(1.0, 0.1, 3), -0.01)
    assert found == Posterior(1.0, -0.03, 0.0, -0.03, -0.03)
    assert posterior(Belief(0.0, 0.0, 4), None, -0.01).below == 0.0


@pytest.mark.parametrize(
    "prior",
    [Belief(0.0, 0.02, 3), Belief(-0.05, 0.004, 1), Belief(0.06, 0.01, 8), Belief(-0.03, 5.0, 1)],
)
def test_together_it_is_the_product(prior: Belief) -> None:
    def density(x: float) -> float:
        own = stats.t.pdf(x, OWN.df, OWN.mean, OWN.error)
        return float(own * stats.t.pdf(x, prior.df, prior.mean, prior.error))

    inner = sorted({OWN.mean, prior.mean, -0.01})
    whole = _integral(density, -10.0, 10.0, inner)
    found = posterior(OWN, prior, -0.01)
    assert found.below == pytest.approx(_integral(density, -10.0, -0.01, inner) / whole, abs=2e-4)
    mean = _integral(lambda x: x * density(x), -10.0, 10.0, inner) / whole
    assert found.mean == pytest.approx(mean, abs=2e-5)
    assert found.low < found.mean < found.high
    tail = _integral(density, -10.0, found.low, inner) / whole
    assert tail == pytest.approx(0.025, abs=1e-3)


def _integral(f: object, low: float, high: float, inner: list[float]) -> float:
    edges = sorted({low, high, *(x for x in inner if low < x < high)})
    parts = [integrate.quad(f, a, b, limit=500)[0] for a, b in pairwise(edges)]
    return float(sum(parts))


def test_many_seeds_and_jobs_are_the_normal_posterior() -> None:
    own, prior = Belief(-0.04, 0.01, 10**7), Belief(0.0, 0.02, 10**7)
    precision = 1.0 / 0.01**2 + 1.0 / 0.02**2
    oracle = stats.norm(-0.04 / 0.01**2 / precision, precision**-0.5)
    found = posterior(own, prior, -0.03)
    assert found.below == pytest.approx(oracle.cdf(-0.03), abs=1e-3)
    assert (found.mean, found.sd) == pytest.approx((oracle.mean(), oracle.std()), rel=1e-3)


def test_it_is_shrunk_towards_the_earlier_jobs_but_not_beyond() -> None:
    found = posterior(OWN, Belief(0.0, 0.01, 4), -0.01)
    assert OWN.mean < found.mean < 0.0
    assert found.below < posterior(OWN, None, -0.01).below


def test_a_wide_prior_changes_nothing() -> None:
    alone, found = posterior(OWN, None, -0.01), posterior(OWN, Belief(0.3, 1e4, 1), -0.01)
    assert found.below == pytest.approx(alone.below, abs=1e-4)
    assert found.mean == pytest.approx(alone.mean, abs=1e-4)


def test_the_prior_of_earlier_jobs_is_for_a_new_task() -> None:
    earlier = combine([-0.02, -0.04, 0.01, -0.03, 0.0], [1e-4] * 5)
    assert earlier is not None
    prior = Belief.before(earlier)
    assert prior.df == 3
    reach = float(stats.t.ppf(0.975, prior.df)) * prior.error
    assert earlier.prediction_high == pytest.approx(prior.mean + reach)
    assert prior.error > math.sqrt(earlier.tau2)


class TestChanceOfDeciding:
    def test_is_what_more_seeds_do(self) -> None:
        """Simulated: seeds drawn around an effect drawn from what is known."""
        known, spread, n_more, limit = Posterior(0.6, -0.012, 0.004, 0.0, 0.0), 0.02, 30, -0.01
        chance = np.random.default_rng(0)
        truth = chance.normal(known.mean, known.sd, 200_000)
        seen = chance.normal(truth, spread / math.sqrt(n_more))
        precision = np.array([known.sd**-2, n_more / spread**2])
        mean = (known.mean * precision[0] + seen * precision[1]) / precision.sum()
        below = stats.norm.cdf((limit - mean) * math.sqrt(precision.sum()))
        decided = np.mean((below > 0.9) | (below < 0.1))
        found = chance_of_deciding(known, spread, n_more, limit, 0.9)
        assert found == pytest.approx(decided, abs=0.005)

    def test_rises_with_the_seeds(self) -> None:
        known = Posterior(0.6, -0.012, 0.004, 0.0, 0.0)
        chances = [chance_of_deciding(known, 0.02, n, -0.01, 0.9) for n in (1, 10, 100, 10_000)]
        assert chances == sorted(chances)
        assert 0.0 <= chances[0] < 0.2
        assert chances[-1] > 0.9
