"""Where axes end: at all points, and at intervals that do not reach far beyond them."""

from __future__ import annotations

import pytest

from api.dashboard.figures.clipping import clipped


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ([], (1.0, 3.0)),
        ([1.5, 2.5], (1.0, 3.0)),
        ([0.0, 4.0], (0.0, 4.0)),
        ([-90.0, 4.0], (-3.0, 4.0)),
        ([-90.0, 90.0], (-3.0, 7.0)),
    ],
)
def test_an_interval_is_shown_up_to_two_widths_beyond_the_points(
    ends: list[float], expected: tuple[float, float]
) -> None:
    assert clipped([1.0, 3.0, 2.0], ends, 2.0) == expected
