"""The ranges that are searched."""

from __future__ import annotations

import pytest

from densearch.density import ranges


@pytest.mark.parametrize(
    ("size", "bounds"),
    [(3, [(0.5, 1.5)]), (5, [(0.05, 1), (0.5, 1.5)]), (7, [(0.05, 0.5), (0.15, 1), (0.25, 1.5)])],
)
def test_the_advised_ranges(size: int, bounds: list[tuple[float, float]]) -> None:
    assert ranges.default_bounds("symmetric", size) == bounds
