"""Fitted optima: known valleys, scipy's least squares as an oracle, and what has no optimum."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import nnls
from scipy.stats import t

from service.report.fitted_optimum import fitted_optimum, minimum
from service.report.plateau import Noise
from service.studies.search_space import CategoryAxis, FloatAxis, IntegerAxis, Space

X = np.linspace(0.1, 0.9, 17)
NOISE = 0.01


def valley(x: np.ndarray, best: float = 0.42, left: float = 1.0, right: float = 1.0) -> np.ndarray:
    return np.where(x < best, left, right) * (x - best) ** 2


def noisy(seed: int, **changes: float) -> np.ndarray:
    return valley(X, **changes) + NOISE * np.random.default_rng(seed).normal(size=len(X))


@pytest.mark.parametrize(("left", "right"), [(1.0, 1.0), (1.0, 3.0), (2.0, 0.5)])
def test_a_valley_without_noise_is_found(left: float, right: float) -> None:
    found = minimum(X, valley(X, 0.42, left, right), NOISE)
    assert found is not None
    middle, low, high, n = found
    assert middle == pytest.approx(0.42, abs=2e-3)
    assert low < 0.42 < high
    assert n >= 6


def test_the_interval_is_that_of_the_profile() -> None:
    """At its ends the least sum of squares is above the least of all by t^2 s^2."""
    y = noisy(1)
    found = minimum(X, y, NOISE)
    assert found is not None
    middle, low, high, n = found
    is_near = y <= y.min() + 15 * NOISE
    x, y = X[is_near], y[is_near]
    kept = np.argsort(np.abs(x - x[np.argmin(y)]), kind="stable")[:n]

    def squares(place: float) -> float:
        """Non-negative slopes; the height of either sign is the difference of two."""
        away = x[kept] - place
        sides = [np.where(away < 0, away, 0.0) ** 2, np.where(away > 0, away, 0.0) ** 2]
        terms = np.stack([np.ones(n), -np.ones(n), *sides], axis=1)
        return float(nnls(terms, y[kept])[1] ** 2)

    least = squares(middle)
    allowed = float(t.ppf(0.95, n - 4)) ** 2 * max(least / (n - 4), NOISE**2)
    for end in (low, high):
        assert squares(end) == pytest.approx(least + allowed, rel=0.02)


def test_the_interval_holds_the_optimum() -> None:
    """Nine times in ten; the benchmark has more shapes, and the product's samplers."""
    found = [minimum(X, noisy(seed), NOISE) for seed in range(200)]
    held = [one[1] <= 0.42 <= one[2] for one in found if one is not None]
    assert len(held) > 150
    assert np.mean(held) > 0.85


def test_order_and_level_change_nothing() -> None:
    y, order = noisy(2), np.random.default_rng(0).permutation(len(X))
    found, shuffled, raised = minimum(X, y, NOISE), minimum(X[order], y[order], NOISE), None
    raised = minimum(X, y + 7.0, NOISE)
    assert found == pytest.approx(shuffled)
    assert found == pytest.approx(raised, abs=1e-6)


@pytest.mark.parametrize(
    "y",
    [
        pytest.param(X, id="it falls to an end"),
        pytest.param(np.zeros(len(X)), id="it is flat"),
        pytest.param(-valley(X), id="it is a hill"),
        pytest.param(np.where(np.arange(len(X)) % 2, 0.0, 0.14), id="nothing fits"),
    ],
)
def test_no_optimum_to_speak_of(y: np.ndarray) -> None:
    assert minimum(X, y, NOISE) is None


def test_few_points_or_equal_ones_are_no_valley() -> None:
    assert minimum(X[:5], valley(X[:5], 0.2), NOISE) is None
    repeated = np.repeat(X[:5], 4)
    assert minimum(repeated, valley(repeated, 0.2), NOISE) is None
    assert minimum(X[:0], X[:0], NOISE) is None


class TestFittedOptimum:
    RATE = FloatAxis("lr", 0.01, 1.0, is_log=True)
    NOISE = Noise(NOISE * math.sqrt(2.0), 2.2 * NOISE, 4, 5)
    POINTS = X[:, None].tolist()

    def test_is_in_the_unit_of_its_axis(self) -> None:
        losses = (3.0 * np.exp(valley(X))).tolist()
        found = fitted_optimum(Space((), (self.RATE,)), self.POINTS, losses, self.NOISE)
        assert found is not None
        assert found.axis == "lr"
        assert found.value == pytest.approx(0.01 * 100**0.42, rel=0.02)
        assert 0.01 <= found.low < found.value < found.high <= 1.0

    @pytest.mark.parametrize("factor", [1e-6, 1e6])
    def test_the_scale_of_the_loss_changes_nothing(self, factor: float) -> None:
        space, losses = Space((), (self.RATE,)), np.exp(noisy(3))
        one = fitted_optimum(space, self.POINTS, losses.tolist(), self.NOISE)
        scaled = fitted_optimum(space, self.POINTS, (factor * losses).tolist(), self.NOISE)
        assert one is not None
        assert scaled is not None
        assert (one.low, one.high) == pytest.approx((scaled.low, scaled.high))

    def test_takes_one_continuous_value_and_losses_above_zero(self) -> None:
        losses = np.exp(valley(X)).tolist()
        x = FloatAxis("x", 0.0, 1.0)
        for space in (
            Space((x, x)),
            Space(()),
            Space((), (IntegerAxis("depth", 1, 9),)),
            Space((), (CategoryAxis("optimizer", ("sgd", "adam")),)),
        ):
            points = [[u] * max(space.dimension, 1) for u in X]
            assert fitted_optimum(space, points, losses, self.NOISE) is None
        assert fitted_optimum(Space((x,)), self.POINTS, [-1.0, *losses[1:]], self.NOISE) is None
        assert fitted_optimum(Space((x,)), [], [], self.NOISE) is None
