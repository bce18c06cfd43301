"""Axes that follow the points: an interval of few seeds would press all of them together."""

from __future__ import annotations

from collections.abc import Sequence


def clipped(points: Sequence[float], ends: Sequence[float], room: float) -> tuple[float, float]:
    """Return the ends of an axis that shows all points, and intervals where there is room.

    Args:
        points: Values, at least one.
        ends: Ends of intervals.
        room: How far beyond the points an interval is shown, in widths of their range.

    Returns:
        The least and the greatest value that are shown; an interval beyond them is cut there.
    """
    least, greatest = min(points), max(points)
    beyond = room * (greatest - least)
    low = max(min([least, *ends]), least - beyond)
    return low, min(max([greatest, *ends]), greatest + beyond)
