"""Effects: log ratios on the seeds that both arms completed, and what could have been seen."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import t, ttest_1samp

from service.report import statistics
from service.report.effects import (
    MOST_LOG,
    Effect,
    by_holm,
    chance_of,
    effect_of,
    log_of,
    share_of,
)


def made(n: int = 10, change: float = -0.05, sd: float = 0.02, seed: int = 0) -> Effect:
    generator = np.random.default_rng(seed)
    base = generator.lognormal(0.0, 0.3, n)
    arm = base * (1.0 + change) * np.exp(sd * generator.normal(size=n))
    found = effect_of(dict(enumerate(arm.tolist())), dict(enumerate(base.tolist())))
    assert found is not None
    return found


def test_ratios_have_students_interval_of_their_logs() -> None:
    generator = np.random.default_rng(1)
    base, arm = generator.lognormal(size=7), generator.lognormal(size=7)
    found = effect_of(dict(enumerate(arm.tolist())), dict(enumerate(base.tolist())), 0.02)
    assert found is not None
    oracle = ttest_1samp(np.log(arm / base), 0.0)
    ends = oracle.confidence_interval(0.98)
    assert found.unit == "ratio"
    assert found.change == pytest.approx(math.exp(np.log(arm / base).mean()) - 1.0)
    assert (found.low, found.high) == pytest.approx(np.expm1([ends.low, ends.high]))
    assert found.p == pytest.approx(oracle.pvalue)


def test_seeds_that_one_arm_lacks_do_not_count() -> None:
    found = effect_of({0: 1.0, 2: 2.0, 3: 9.0}, {0: 2.0, 1: 7.0, 2: 4.0})
    assert found is not None
    assert (found.n, found.n_better) == (2, 2)
    assert found.change == pytest.approx(-0.5)
    assert effect_of({0: 1.0}, {1: 1.0}) is None


@pytest.mark.parametrize("factor", [1e-9, 3.0, 1e12])
def test_the_scale_of_the_loss_changes_nothing(factor: float) -> None:
    ours, theirs = {0: 1.0, 1: 1.2, 2: 0.9}, {0: 1.1, 1: 1.1, 2: 1.0}
    small, large = (
        effect_of({s: f * x for s, x in ours.items()}, {s: f * x for s, x in theirs.items()})
        for f in (1.0, factor)
    )
    assert small is not None
    assert large is not None
    assert (small.change, small.low, small.p) == pytest.approx((large.change, large.low, large.p))


def test_losses_below_zero_are_compared_by_differences() -> None:
    lower = effect_of({0: -3.0, 1: -2.2, 2: -2.6}, {0: -2.0, 1: -2.0, 2: -2.0})
    assert lower is not None
    assert lower.unit == "share"
    assert lower.change == pytest.approx(-0.3)
    around = effect_of({0: 0.5, 1: 1.0}, {0: -1.0, 1: 1.0})
    assert around is not None
    assert (around.unit, around.change) == ("difference", 0.75)
    assert not around.is_within(1e9)


def test_the_same_training_is_the_same_on_every_seed() -> None:
    found = effect_of({0: 1.0, 1: 3.0}, {0: 1.0, 1: 3.0})
    assert found is not None
    assert found.is_same
    assert not found.is_better
    assert not found.is_worse
    assert found.detectable is None


def test_two_equal_ratios_say_nothing_of_their_spread() -> None:
    two = effect_of({0: 0.9, 1: 1.8}, {0: 1.0, 1: 2.0})
    three = effect_of({0: 0.9, 1: 1.8, 2: 2.7}, {0: 1.0, 1: 2.0, 2: 3.0})
    assert two is not None
    assert three is not None
    assert two.low is None
    assert not two.is_better
    assert three.is_better


@pytest.mark.parametrize(("n", "sds"), [(3, 3.3), (5, 1.7), (10, 1.0), (20, 0.66)])
def test_what_could_be_seen_has_the_power_that_it_says(n: int, sds: float) -> None:
    """The figures are those of the method's notes, in standard deviations of a pair."""
    found = made(n, change=0.0, sd=1e-4)
    assert found.low is not None
    assert found.detectable is not None
    generator = np.random.default_rng(n)
    sample = generator.normal(size=(n, 4000))
    sd = found.detectable / sds
    shown = ttest_1samp(found.detectable + sd * sample, 0.0).pvalue < 0.05
    assert np.mean(shown) == pytest.approx(0.8, abs=0.04)


def test_a_small_difference_is_one_that_does_not_matter() -> None:
    found = made(20, change=0.0, sd=0.005)
    assert found.is_within(0.01)
    assert not found.is_within(0.0001)


class TestByHolm:
    def test_decides_as_the_corrected_ps_do(self) -> None:
        generator = np.random.default_rng(5)
        for _ in range(100):
            ps = (generator.uniform(size=generator.integers(1, 8)) ** 3).tolist()
            levels = by_holm(ps, 0.05)
            decided = [p <= own for p, own in zip(ps, levels, strict=True)]
            assert decided == [p <= 0.05 for p in statistics.holm(ps)]

    def test_a_missing_p_takes_no_part(self) -> None:
        assert by_holm([0.2, None, 0.01], 0.05)[2] == 0.025
        assert by_holm([None], 0.05) == [0.05]

    def test_intervals_at_these_levels_agree_with_the_decision(self) -> None:
        arms = [made(6, change, 0.03, seed) for seed, change in enumerate((-0.08, -0.03, 0.0))]
        for own in by_holm([arm.p for arm in arms], 0.05):
            assert 0.05 / 3 <= own <= 0.05


class TestLimits:
    @pytest.mark.parametrize("level", [0.05, 0.005, 0.0005])
    @pytest.mark.parametrize("loss", [1e-38, 1e-6, 1e5, 1e38])
    def test_two_pairs_of_which_one_nearly_diverged_have_finite_ends(
        self, level: float, loss: float
    ) -> None:
        found = effect_of({0: 0.5, 1: 0.5}, {0: 0.5, 1: loss}, level)
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        assert found.detectable is not None
        assert -1.0 < found.low <= found.change <= found.high < 1e14
        assert math.isfinite(found.detectable)
        assert log_of(found.low) == pytest.approx(-MOST_LOG, rel=1e-3)

    @pytest.mark.parametrize("log", [-3.0, -0.01, 0.0, 0.02, 5.0])
    def test_a_share_leads_back_to_its_log(self, log: float) -> None:
        assert log_of(share_of(log)) == pytest.approx(log, rel=1e-12)

    def test_shares_of_earlier_versions_have_a_log(self) -> None:
        assert log_of(-1.0) == pytest.approx(-MOST_LOG, rel=1e-3)
        assert log_of(1e200) == pytest.approx(MOST_LOG)


class TestChance:
    def test_is_that_of_students_t_around_the_mean(self) -> None:
        found = made(8, change=-0.03, sd=0.02)
        logs = math.log1p(found.change)
        assert found.spread is not None
        oracle = t(df=7, loc=logs, scale=found.spread / math.sqrt(8))
        assert chance_of(found, 0.01) == pytest.approx(oracle.cdf(math.log(0.99)))
        assert chance_of(found, 0.0) == pytest.approx(oracle.cdf(0.0))

    def test_a_larger_margin_is_less_likely(self) -> None:
        found = made(8, change=-0.03, sd=0.02)
        chances = [chance_of(found, margin) or 0.0 for margin in (0.0, 0.01, 0.05, 0.5)]
        assert chances == sorted(chances, reverse=True)

    @pytest.mark.parametrize(
        ("ours", "theirs"),
        [
            ({0: 1.0}, {0: 2.0}),
            ({0: 1.0, 1: 2.0}, {0: 1.0, 1: 2.0}),
            ({0: 1.0, 1: 0.5}, {0: 0.0, 1: 0.0}),
        ],
    )
    def test_is_unknown_without_a_spread_of_shares(
        self, ours: dict[int, float], theirs: dict[int, float]
    ) -> None:
        found = effect_of(ours, theirs)
        assert found is not None
        assert chance_of(found, 0.01) is None
