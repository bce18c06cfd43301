"""The box of a search: what bounds it takes, and how a point of the unit cube is mapped."""

from __future__ import annotations

import math
from typing import Any

import nlopt
import pytest

from densearch.direct_l.box import Box


def test_without_bounds_it_is_the_unit_cube() -> None:
    assert Box.of(3, None).bounds == ((0.0, 1.0),) * 3
    assert Box.of(2, None).point((0.1, 1 / 3)) == (0.1, 1 / 3)


def test_points_are_those_that_nlopt_evaluates() -> None:
    bounds = ((-0.7, 1.3), (1e-3, 0.1))
    visited: list[tuple[float, ...]] = []
    opt = nlopt.opt(nlopt.GN_DIRECT_L, 2)
    opt.set_lower_bounds([low for low, _ in bounds])
    opt.set_upper_bounds([high for _, high in bounds])
    opt.set_maxeval(5)

    def objective(x: Any, _: object) -> float:  # noqa: ANN401 - NLopt's
        visited.append(tuple(x.tolist()))
        return float(sum(x))

    opt.set_min_objective(objective)
    opt.optimize([0.0, 0.05])
    third = 1 / 3
    unit = {(0.5, 0.5), *((0.5 + s * third, 0.5) for s in (-1, 1))}
    unit |= {(0.5, 0.5 + s * third) for s in (-1, 1)}
    assert {Box.of(2, bounds).point(u) for u in unit} == set(visited[:5])


@pytest.mark.parametrize(
    ("bounds", "fault"),
    [
        ([(0, 1)], r"for each of the 2 coordinates, not 1"),
        ([(0, 1), (0, 1, 2)], r"bounds\[1\] must be a pair"),
        ([(0, 1), (2, 1)], r"bounds\[1\] must be finite, low below high"),
        ([(1, 1), (0, 1)], r"bounds\[0\] must be finite"),
        ([(0, math.inf), (0, 1)], r"bounds\[0\] must be finite"),
        ([(math.nan, 1), (0, 1)], r"bounds\[0\] must be finite"),
        ([(0, 1), (-1.7e308, 1.7e308)], r"bounds\[1\] must be finite"),
    ],
)
def test_other_bounds_are_refused_by_their_index(bounds: list[Any], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        Box.of(2, bounds)
