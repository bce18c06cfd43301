"""Values at the edge of their range: the optimum may lie beyond it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from service.studies.search_space import FloatAxis, Space

# Of a range that is divided by three twice, as DIRECT divides, the outermost part.
EDGE = 1 / 9


@dataclass(frozen=True, slots=True)
class EdgeValue:
    """A value in the last division of its range.

    Attributes:
        axis: Its name and range.
        u: Where it lies in the range, 0 to 1.
    """

    axis: FloatAxis
    u: float

    @property
    def name(self) -> str:
        """Name of the axis."""
        return self.axis.name

    def __str__(self) -> str:
        """Say which end of its range the value is near."""
        low, high = self.axis.low, self.axis.high
        end = "upper" if self.u > 0.5 else "lower"
        return f"{self.axis.value(self.u):.3g}, is near the {end} end of {low:.3g} to {high:.3g}"


def at_edges(space: Space, point: Sequence[float]) -> list[EdgeValue]:
    """Return the values of a point that lie in the last division of their axis, in its order.

    The last division is the outer ninth at either end, by the logarithm on logarithmic axes. Whole
    numbers and choices have no edge: their ends are values like the others.

    Args:
        space: That of the study which the point belongs to.
        point: Shape (dimension of the space,), in the unit cube.
    """
    pairs = zip((*space.vector, *space.settings), point, strict=True)
    return [
        EdgeValue(axis, u)
        for axis, u in pairs
        if isinstance(axis, FloatAxis) and not EDGE <= u <= 1.0 - EDGE
    ]
