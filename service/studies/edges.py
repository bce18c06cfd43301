"""Values at the edge of their range: the optimum may lie beyond it."""

from __future__ import annotations

from collections.abc import Sequence

from service.studies.search_space import FloatAxis, Space

# Of a range that is divided by three twice, as DIRECT divides, the outermost part.
EDGE = 1 / 9


def at_edges(space: Space, point: Sequence[float]) -> list[str]:
    """Return the names of the axes in whose last division a point lies, in the point's order.

    The last division is the outer ninth at either end, by the logarithm on logarithmic axes. Whole
    numbers and choices have no edge: their ends are values like the others.

    Args:
        space: That of the study which the point belongs to.
        point: Shape (dimension of the space,), in the unit cube.
    """
    pairs = zip((*space.vector, *space.settings), point, strict=True)
    return [
        axis.name
        for axis, u in pairs
        if isinstance(axis, FloatAxis) and not EDGE <= u <= 1.0 - EDGE
    ]
