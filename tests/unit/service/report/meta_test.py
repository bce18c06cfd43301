"""Meta-analysis: published figures and R's metafor, equal errors by hand, invariances, faults."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest
from scipy.stats import t

from service.report.meta import Combined, between_tasks, combine

# R. N. Kacker, Metrologia 41 (2004) 132-136: nine laboratories. tau of Paule and Mandel is printed
# there as 0.8399; the other figures are metafor's, rma(y, v, method = "PM"), as statsmodels
# records them (statsmodels/stats/tests/results/results_meta.py, exk1_metafor).
LABORATORIES = [61.00, 61.40, 62.21, 62.30, 62.34, 62.60, 62.70, 62.84, 65.90]
VARIANCES = [0.2025, 1.2100, 0.0900, 0.2025, 0.3844, 0.5625, 0.0676, 0.0225, 1.8225]


def combined(effects: list[float], variances: list[float]) -> Combined:
    found = combine(effects, variances)
    assert found is not None
    return found


def test_nine_laboratories() -> None:
    found = combined(LABORATORIES, VARIANCES)
    assert math.sqrt(found.tau2) == pytest.approx(0.8399, abs=6e-5)
    assert found.tau2 == pytest.approx(0.705395309224248, rel=1e-9)
    assert found.mean == pytest.approx(62.4076199113286, rel=1e-13)
    # Where tau2 is above 0 Hartung and Knapp's factor is 1: the error is the classical one.
    assert found.error == pytest.approx(0.338030602684471, rel=1e-8)
    reach = float(t.ppf(0.975, 8)) * 0.338030602684471
    assert (found.low, found.high) == pytest.approx((found.mean - reach, found.mean + reach))


def test_metafor_with_hartung_and_knapp() -> None:
    """The call rma(y, v, method = "PM", test = "knha"), then predict(), as metafor prints it."""
    found = combined([0.40, -0.20, 0.55, 0.10], [0.05, 0.06, 0.04, 0.05])
    assert found.mean == pytest.approx(0.22957, abs=5e-6)
    assert found.tau2 == pytest.approx(0.05930, abs=5e-6)
    # metafor's prediction interval has t(3), that of Higgins et al. t(2).
    widened = float(t.ppf(0.975, 2) / t.ppf(0.975, 3))
    ends = 0.22957 + widened * (np.array([-0.70650, 1.16564]) - 0.22957)
    assert (found.prediction_low, found.prediction_high) == pytest.approx(tuple(ends), abs=3e-5)


def test_equal_errors_by_hand() -> None:
    """The variance between tasks is that of the effects less that of an error, 0.0667 - 0.04."""
    found = combined([0.0, 0.2, 0.4, 0.6], [0.04] * 4)
    assert found.mean == pytest.approx(0.3)
    assert found.tau2 == pytest.approx(0.2 / 3.0 - 0.04)
    assert found.error == pytest.approx(math.sqrt(0.2 / 3.0 / 4.0))


def test_effects_that_agree_have_their_errors_still() -> None:
    found = combined([0.1, 0.1, 0.1], [0.01, 0.04, 0.04])
    assert found.tau2 == 0.0
    assert found.mean == pytest.approx(0.1)
    assert found.error == pytest.approx(1.0 / math.sqrt(100.0 + 25.0 + 25.0))
    assert found.low < 0.1 < found.high


def test_two_effects_have_one_degree_of_freedom() -> None:
    found = combined([0.0, 1.0], [0.01, 0.01])
    assert found.tau2 == pytest.approx(0.49)
    reach = float(t.ppf(0.975, 1)) * 0.5
    assert (found.low, found.high) == pytest.approx((0.5 - reach, 0.5 + reach))
    wider = float(t.ppf(0.975, 1)) * math.sqrt(0.49 + 0.25)
    assert found.prediction_high == pytest.approx(0.5 + wider)


@pytest.mark.parametrize("n", [0, 1])
def test_fewer_than_two_are_nothing_to_combine(n: int) -> None:
    assert combine([0.1] * n, [0.01] * n) is None


def test_the_order_of_jobs_changes_nothing() -> None:
    pairs = [(0.40, 0.05), (-0.20, 0.06), (0.55, 0.04)]
    seen = {combine([y for y, _ in order], [v for _, v in order]) for order in permutations(pairs)}
    assert len(seen) == 1


@pytest.mark.parametrize("factor", [1e-6, -1.0, 1e3])
def test_the_unit_of_the_effects_scales_the_answer(factor: float) -> None:
    found = combined(LABORATORIES, VARIANCES)
    scaled = combined([factor * y for y in LABORATORIES], [factor * factor * v for v in VARIANCES])
    assert scaled.mean == pytest.approx(factor * found.mean)
    assert scaled.tau2 == pytest.approx(factor * factor * found.tau2)
    assert scaled.high - scaled.low == pytest.approx(abs(factor) * (found.high - found.low))


def test_the_weighted_sum_of_squares_is_as_expected() -> None:
    generator = np.random.default_rng(3)
    for n in (2, 3, 7, 40):
        y, v = generator.normal(size=n), generator.uniform(1e-9, 0.1, n)
        tau2 = between_tasks(y, v)
        weights = 1.0 / (v + tau2)
        mean = np.average(y, weights=weights)
        assert np.sum(weights * (y - mean) ** 2) == pytest.approx(n - 1)


def test_a_known_confidence() -> None:
    wide, narrow = (combine(LABORATORIES, VARIANCES, level) for level in (0.95, 0.5))
    assert wide is not None
    assert narrow is not None
    assert (wide.high - wide.low) / (narrow.high - narrow.low) == pytest.approx(
        float(t.ppf(0.975, 8) / t.ppf(0.75, 8))
    )


@pytest.mark.parametrize(
    ("effects", "variances", "words"),
    [
        ([0.1, 0.2], [0.1], "2 effects, but 1 variances"),
        ([0.1, math.nan], [0.1, 0.1], "finite"),
        ([0.1, 0.2], [0.1, math.inf], "finite"),
        ([0.1, 0.2], [0.1, 0.0], "above 0"),
        ([0.1], [-1.0], "above 0"),
    ],
)
def test_faults_have_words(effects: list[float], variances: list[float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        combine(effects, variances)
