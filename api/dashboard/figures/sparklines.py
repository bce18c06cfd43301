"""A search's best so far in the size of a word."""

from __future__ import annotations

from collections.abc import Sequence

from api.dashboard.figures.staircases import Step, staircase, thinned

WIDTH, HEIGHT = 72.0, 20.0
_MARGIN = 2.0
_MOST_STEPS = 40


def sparkline(points: Sequence[Step]) -> str | None:
    """Return a falling staircase as the points of an SVG polyline, in px; None without a fall.

    Args:
        points: Values in the order of their x.
    """
    steps = thinned(staircase(points), _MOST_STEPS)
    if not steps or steps[0].value <= steps[-1].value:
        return None
    start, span = steps[0].x, steps[-1].x - steps[0].x
    low, fall = steps[-1].value, steps[0].value - steps[-1].value
    places = [
        (
            _MARGIN + (WIDTH - 2 * _MARGIN) * (step.x - start) / span,
            _MARGIN + (HEIGHT - 2 * _MARGIN) * (1.0 - (step.value - low) / fall),
        )
        for step in steps
    ]
    corners = [places[0]]
    for x, y in places[1:]:
        corners += [(x, corners[-1][1]), (x, y)]
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
