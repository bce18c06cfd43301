"""Sparklines: inside their box, falling, and none where nothing was gained."""

from __future__ import annotations

import math

import pytest

from api.dashboard.figures.sparklines import HEIGHT, WIDTH, sparkline
from api.dashboard.figures.staircases import Step


def corners(values: list[float]) -> list[tuple[float, float]]:
    drawn = sparkline([Step(i, value, i) for i, value in enumerate(values, start=1)])
    assert drawn is not None
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in drawn.split())]


def test_a_step_goes_right_and_then_down() -> None:
    assert corners([3.0, 1.0]) == [(2.0, 2.0), (70.0, 2.0), (70.0, 18.0)]


def test_the_scale_of_the_loss_changes_nothing() -> None:
    values = [5.0, 7.0, 3.0, 3.5, 2.0, 2.0]
    assert corners(values) == corners([1e-3 * v - 40.0 for v in values])


def test_a_long_search_stays_in_the_box_and_short() -> None:
    found = corners([math.exp(-i / 400) for i in range(5000)])
    assert len(found) < 100
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in found)
    assert found == sorted(found)


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0], [2.0, 2.0]])
def test_without_a_gain_nothing_is_drawn(values: list[float]) -> None:
    assert sparkline([Step(i, value, i) for i, value in enumerate(values)]) is None
