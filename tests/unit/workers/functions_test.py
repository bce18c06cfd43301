"""The analytic functions against published values and scipy's own."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize, rosen

from workers.functions import FUNCTIONS, SHIFT, evaluate

# (name, dimension, coordinates in the published domain, published value or one by hand)
BY_HAND = [
    ("sphere", 3, (1.0, 2.0, -3.0), 14.0),
    ("ackley", 2, (0.0, 0.0), 0.0),
    # At whole numbers the cosines are 1: -20 exp(-0.2 * 1) - e + 20 + e.
    ("ackley", 2, (1.0, -1.0), 20 * (1 - np.exp(-0.2))),
    ("rastrigin", 2, (1.0, 2.0), 5.0),
    ("rastrigin", 1, (0.5,), 20.25),
]
DOMAINS = {"sphere": 5.12, "ackley": 32.768, "rastrigin": 5.12}


@pytest.mark.parametrize(("name", "dimension", "x", "expected"), BY_HAND)
def test_values_by_hand(name: str, dimension: int, x: tuple[float, ...], expected: float) -> None:
    half = DOMAINS[name]
    unit = [(value + half) / (2 * half) + SHIFT for value in x]
    assert evaluate(name, dimension, unit) == pytest.approx(expected, abs=1e-9)


def test_rosenbrock_is_scipys() -> None:
    unit = np.random.default_rng(0).random((20, 5))
    for point in unit:
        assert evaluate("rosenbrock", 5, list(point)) == pytest.approx(
            float(rosen(15 * point - 5))
        )


# The three global minima and their value as published (four and six digits).
@pytest.mark.parametrize("x", [(-np.pi, 12.275), (np.pi, 2.275), (9.42478, 2.475)])
def test_branins_three_minima(x: tuple[float, float]) -> None:
    value = evaluate("branin", 2, ((x[0] + 5) / 15, x[1] / 15))
    assert value == pytest.approx(0.397887, abs=1e-6)


def test_branin_at_a_corner() -> None:
    # Published range end of the surface: f(-5, 0) = 308.129.
    assert evaluate("branin", 2, (0.0, 0.0)) == pytest.approx(308.129, abs=1e-3)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_the_stated_minimiser_has_the_stated_minimum_and_scipy_finds_none_lower(
    name: str,
) -> None:
    function = FUNCTIONS[name]
    dimension = next(d for d in (3, 2, 6) if d in function.dimensions)
    best = np.array(function.minimiser(dimension))
    assert evaluate(name, dimension, list(best)) == pytest.approx(function.minimum, abs=2e-5)
    random = np.random.default_rng(1)
    starts = np.clip(best + 0.02 * random.standard_normal((5, dimension)), 0, 1)
    bounds = [(0.0, 1.0)] * dimension
    for start in [*starts, *random.random((5, dimension))]:
        found = minimize(
            lambda x: evaluate(name, dimension, list(np.clip(x, 0, 1))), start, bounds=bounds
        )
        assert found.fun >= function.minimum - 2e-5


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_the_centre_which_direct_visits_first_is_no_minimum(name: str) -> None:
    function = FUNCTIONS[name]
    dimension = function.dimensions[0]
    assert evaluate(name, dimension, [0.5] * dimension) > function.minimum + 0.01


@pytest.mark.parametrize(
    ("name", "dimension", "point", "message"),
    [
        ("booth", 2, (0.5, 0.5), "unknown function 'booth'.*branin"),
        ("branin", 3, (0.5,) * 3, "branin is not defined in 3"),
        ("rosenbrock", 1, (0.5,), "rosenbrock is not defined in 1"),
        ("sphere", 2, (0.5,), r"shape \(1,\)"),
        ("sphere", 2, (0.5, 1.1), "leaves the unit cube"),
        ("sphere", 2, (0.5, float("nan")), "leaves the unit cube"),
    ],
)
def test_bad_input(name: str, dimension: int, point: tuple[float, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        evaluate(name, dimension, point)
