"""Test functions on the unit cube, for testing samplers and the service without training.

Each function is the published one, with every coordinate mapped from the unit cube to its usual
domain. Where the published minimiser would lie at the cube's centre, which DIRECT evaluates
first, the domain is shifted; `Function` states the resulting minimiser. Checked by
tests/unit/workers/functions_test.py.

| name | domain of each coordinate | minimum | minimiser in the unit cube |
|---|---|---|---|
| sphere | [-5.12, 5.12] - SHIFT * 10.24 | 0 | (0.5 + SHIFT, ...) |
| rosenbrock | [-5, 10] | 0 | (0.4, ...) |
| ackley | [-32.768, 32.768] - SHIFT * 65.536 | 0 | (0.5 + SHIFT, ...) |
| branin | [-5, 10] x [0, 15] | 0.397887 | (0.1239, 0.8183) and two others |
| hartmann6 | [0, 1] | -3.32237 | see MINIMISER_HARTMANN6 |
| levy | [-10, 10] | 0 | (0.55, ...) |
| rastrigin | [-5.12, 5.12] - SHIFT * 10.24 | 0 | (0.5 + SHIFT, ...) |

Source: S. Surjanovic, D. Bingham, "Virtual Library of Simulation Experiments: Test Functions and
Datasets", Simon Fraser University, 2013.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Fraction of the cube's side; no multiple of a power of 1/3 or 1/2, where samplers put points.
SHIFT = 0.137

MINIMISER_HARTMANN6 = (0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573)

_HARTMANN_WEIGHTS = np.array([1.0, 1.2, 3.0, 3.2])
_HARTMANN_WIDTHS = np.array(
    [
        [10, 3, 17, 3.5, 1.7, 8],
        [0.05, 10, 17, 0.1, 8, 14],
        [3, 3.5, 1.7, 10, 17, 8],
        [17, 8, 0.05, 10, 0.1, 14],
    ]
)
_HARTMANN_CENTRES = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


@dataclass(frozen=True)
class Function:
    """A test function of the module's table.

    Attributes:
        evaluate: Maps a point of the unit cube, shape (dimension,), to its value.
        minimum: The smallest value on the cube.
        minimiser: Maps a dimension to one point of the cube that has the minimum, to the published
            digits.
        dimensions: The dimensions that the function is defined in.
    """

    evaluate: Callable[[Array], float]
    minimum: float
    minimiser: Callable[[int], tuple[float, ...]]
    dimensions: range


def evaluate(name: str, dimension: int, point: Sequence[float]) -> float:
    """Return a function's value at a point of the unit cube.

    Args:
        name: A key of `FUNCTIONS`.
        dimension: Number of coordinates.
        point: Shape (dimension,), each coordinate in [0, 1].

    Raises:
        ValueError: The name is unknown, the function is not defined in that dimension, or the
            point has another length or leaves the cube (NaN does).
    """
    if name not in FUNCTIONS:
        raise ValueError(f"unknown function {name!r}: known are {', '.join(sorted(FUNCTIONS))}")
    function = FUNCTIONS[name]
    if dimension not in function.dimensions:
        raise ValueError(f"{name} is not defined in {dimension} dimensions")
    coordinates = np.asarray(point, dtype=np.float64)
    if coordinates.shape != (dimension,):
        raise ValueError(f"the point has shape {coordinates.shape}, not ({dimension},)")
    if not bool(((coordinates >= 0) & (coordinates <= 1)).all()):
        raise ValueError("the point leaves the unit cube")
    return function.evaluate(coordinates)


def _scaled(unit: Array, low: float, high: float, shift: float = 0.0) -> Array:
    return low + (unit - shift) * (high - low)


def _sphere(unit: Array) -> float:
    return float(np.sum(_scaled(unit, -5.12, 5.12, SHIFT) ** 2))


def _rosenbrock(unit: Array) -> float:
    x = _scaled(unit, -5.0, 10.0)
    return float(np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (x[:-1] - 1) ** 2))


def _ackley(unit: Array) -> float:
    x = _scaled(unit, -32.768, 32.768, SHIFT)
    near = -20 * math.exp(-0.2 * math.sqrt(float(np.mean(x**2))))
    return near - math.exp(float(np.mean(np.cos(2 * np.pi * x)))) + 20 + math.e


def _branin(unit: Array) -> float:
    x, y = float(_scaled(unit, -5.0, 10.0)[0]), float(_scaled(unit, 0.0, 15.0)[1])
    valley = y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6
    return valley**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


def _hartmann6(unit: Array) -> float:
    exponents = np.sum(_HARTMANN_WIDTHS * (unit - _HARTMANN_CENTRES) ** 2, axis=1)
    return float(-np.sum(_HARTMANN_WEIGHTS * np.exp(-exponents)))


def _levy(unit: Array) -> float:
    w = 1 + (_scaled(unit, -10.0, 10.0) - 1) / 4
    first = math.sin(math.pi * float(w[0])) ** 2
    inner = (w[:-1] - 1) ** 2 * (1 + 10 * np.sin(np.pi * w[:-1] + 1) ** 2)
    last = float(w[-1] - 1) ** 2 * (1 + math.sin(2 * math.pi * float(w[-1])) ** 2)
    return first + float(np.sum(inner)) + last


def _rastrigin(unit: Array) -> float:
    x = _scaled(unit, -5.12, 5.12, SHIFT)
    return float(10 * len(x) + np.sum(x**2 - 10 * np.cos(2 * np.pi * x)))


def _everywhere(coordinate: float) -> Callable[[int], tuple[float, ...]]:
    return lambda dimension: (coordinate,) * dimension


_ANY = range(1, 65)

FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "sphere": Function(_sphere, 0.0, _everywhere(0.5 + SHIFT), _ANY),
        "rosenbrock": Function(_rosenbrock, 0.0, _everywhere(0.4), range(2, 65)),
        "ackley": Function(_ackley, 0.0, _everywhere(0.5 + SHIFT), _ANY),
        "branin": Function(
            _branin, 0.397887, lambda _: ((5 - math.pi) / 15, 12.275 / 15), range(2, 3)
        ),
        "hartmann6": Function(_hartmann6, -3.32237, lambda _: MINIMISER_HARTMANN6, range(6, 7)),
        "levy": Function(_levy, 0.0, _everywhere(0.55), _ANY),
        "rastrigin": Function(_rastrigin, 0.0, _everywhere(0.5 + SHIFT), _ANY),
    }
)
