"""Parabolas and slopes against numpy's polyfit, scipy's regression and normal equations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from densearch.density import families
from service.campaigns.report.radius import Valley, best_radius, effective_radius, slope_of

WIDTHS = np.geomspace(0.5, 4.0, 9).tolist()


def valley(
    at: float, curvature: float = 0.2, noise: float = 0.0, seed: int = 0, n: int = 9
) -> Valley:
    random = np.random.default_rng(seed)
    logs = [0.5 * curvature * (math.log(w) - at) ** 2 for w in WIDTHS[:n]]
    losses = [0.3 * math.exp(log + noise * random.normal()) for log in logs]
    return Valley(WIDTHS[:n], losses, 5, 2)


def test_the_bottom_of_a_parabola_is_found() -> None:
    found = best_radius([valley(0.2)])
    assert found.standing == "fitted"
    assert found.width == pytest.approx(math.exp(0.2))
    density = families.build("gaussian", 5, [math.exp(0.2)])
    assert found.radius == pytest.approx(density.effective_radius)
    assert found.log_radius == pytest.approx(math.log(found.radius or 0.0))
    assert (found.n_jobs, found.low, found.high) == (1, None, None)


def test_one_job_is_numpys_polynomial() -> None:
    own = valley(0.3, noise=0.01, seed=3)
    c, b, _ = np.polyfit(np.log(own.widths), np.log(own.losses), 2)
    assert best_radius([own]).width == pytest.approx(math.exp(-b / (2.0 * c)))


def test_the_scale_of_the_loss_does_not_matter() -> None:
    own = [valley(0.3, noise=0.01, seed=seed) for seed in range(4)]
    scaled = [Valley(v.widths, [1e3 * loss for loss in v.losses], 5, 2) for v in own]
    first, second = best_radius(own), best_radius(scaled)
    assert (second.width, second.low) == pytest.approx((first.width, first.low))


def test_the_interval_is_that_of_the_jobs_own_minima() -> None:
    """Where curvatures are equal, a job's minimum is its own parabola's, and the t interval's."""
    ats = [0.1, 0.3, 0.25, 0.15, 0.2]
    found = best_radius([valley(at) for at in ats])
    low, high = stats.ttest_1samp(ats, 0.0).confidence_interval(0.95)
    step = 1e-3
    example = valley(0.0)
    logs = [math.log(effective_radius(math.exp(0.2 + s), example)) for s in (-step, step)]
    gain = (logs[1] - logs[0]) / (2.0 * step)
    assert found.width == pytest.approx(math.exp(0.2))
    reach = math.log((found.high or 0.0) / (found.radius or 1.0))
    assert reach == pytest.approx(gain * (high - low) / 2.0, rel=1e-4)
    assert math.log((found.radius or 1.0) / (found.low or 1.0)) == pytest.approx(reach)


def test_one_job_with_a_flat_valley_does_not_carry_the_cell_away() -> None:
    good = [valley(0.2, noise=0.002, seed=seed) for seed in range(4)]
    odd = valley(0.2, curvature=0.002, noise=0.002, seed=9)
    found = best_radius([*good, odd])
    assert found.width == pytest.approx(math.exp(0.2), rel=0.05)


@pytest.mark.parametrize("curvature", [0.0, -0.2])
def test_a_valley_without_a_bottom_has_no_optimum(curvature: float) -> None:
    flat = [valley(0.2, curvature, noise=0.01, seed=seed) for seed in range(3)]
    found = best_radius(flat)
    assert (found.standing, found.width, found.log_radius) == ("flat", None, None)


def test_a_flat_valley_is_seldom_taken_for_one_with_a_bottom() -> None:
    cells = [[valley(0.0, 0.0, 0.01, 100 * c + s) for s in range(3)] for c in range(2000)]
    n = sum(best_radius(own).standing != "flat" for own in cells)
    assert n / 2000 < 0.025 + 3.0 * math.sqrt(0.025 * 0.975 / 2000)


def test_a_bottom_beyond_the_widths_is_no_data_point() -> None:
    assert best_radius([valley(2.0)]).standing == "outside"
    assert best_radius([valley(-2.0)]).standing == "outside"


def test_too_few_widths_are_no_data_point() -> None:
    found = best_radius([valley(0.2, n=4), Valley([1.0] * 9, [1.0] * 9, 5, 2)])
    assert (found.standing, found.n_jobs) == ("too few", 0)


def test_a_slope_without_factors_is_scipys() -> None:
    random = np.random.default_rng(0)
    values = [500, 1000, 2000, 4000, 8000]
    radii = (0.1 - 0.12 * np.log2(values) + 0.02 * random.normal(size=5)).tolist()
    found = slope_of("training samples", values, radii, [{}] * 5)
    assert found is not None
    line = stats.linregress(np.log2(values), radii)
    reach = stats.t.ppf(0.975, 3) * line.stderr
    assert math.log1p(found.change) == pytest.approx(line.slope)
    assert math.log1p(found.low) == pytest.approx(line.slope - reach)
    assert math.log1p(found.high) == pytest.approx(line.slope + reach)
    assert found.p == pytest.approx(line.pvalue)
    assert (found.df, found.low_value, found.high_value) == (3, 500, 8000)


def test_factors_are_taken_out() -> None:
    """By Frisch, Waugh and Lovell: the slope of what is left without each width's mean."""
    random = np.random.default_rng(1)
    values = np.tile([500.0, 1000.0, 2000.0, 4000.0], 3)
    widths = np.repeat([8, 16, 32], 4)
    radii = -0.1 * np.log2(values) + 0.3 * (widths == 16) + 0.05 * random.normal(size=12)
    found = slope_of("n", values.tolist(), radii.tolist(), [{"w": int(w)} for w in widths])
    assert found is not None
    x, y = np.log2(values), radii.copy()
    for width in (8, 16, 32):
        own = widths == width
        x[own] -= x[own].mean()
        y[own] -= y[own].mean()
    slope = (x @ y) / (x @ x)
    error = math.sqrt(((y - slope * x) ** 2).sum() / (12 - 4) / (x @ x))
    assert found.df == 8
    assert math.log1p(found.change) == pytest.approx(slope)
    reach = stats.t.ppf(0.975, 8) * error
    assert math.log1p(found.high) == pytest.approx(slope + reach)
    assert found.p == pytest.approx(2.0 * stats.t.sf(abs(slope) / error, 8))


@pytest.mark.parametrize(
    ("values", "factors"),
    [
        ([500, 500, 500], [{}] * 3),  # one value
        ([500, 1000], [{}] * 2),  # no cell is left for an error
        ([500, 1000, 500, 1000], [{"w": 8}, {"w": 16}] * 2),  # the width changes with the data
    ],
)
def test_what_cannot_be_estimated_is_none(
    values: list[float], factors: list[dict[str, int]]
) -> None:
    assert slope_of("n", values, [0.1, 0.2, 0.15, 0.3][: len(values)], factors) is None


def test_losses_without_a_curvature_are_no_optimum() -> None:
    """Rounding makes a curvature of next to 0, whose minimum may be anywhere."""
    for slope in (-1.0, 1.0):
        own = Valley(WIDTHS, [0.3 * w**slope for w in WIDTHS], 5, 2)
        assert best_radius([own]).standing in ("flat", "outside")
