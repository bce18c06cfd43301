"""The box that a search covers, and NLopt's way from the unit cube to it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Point = tuple[float, ...]
Bounds = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Box:
    """A box of float64 bounds.

    Attributes:
        bounds: A pair (low, high) for each coordinate, low below high, high - low finite.
    """

    bounds: Bounds

    @classmethod
    def of(cls, dimension: int, bounds: Sequence[Sequence[float]] | None) -> Box:
        """Return the box with these bounds, the unit cube for None.

        Raises:
            ValueError: They are not `dimension` pairs of finite numbers, low below high.
        """
        if bounds is None:
            return cls(((0.0, 1.0),) * dimension)
        if len(bounds) != dimension:
            raise ValueError(
                f"bounds must hold a pair (low, high) for each of the {dimension} coordinates, "
                f"not {len(bounds)}"
            )
        return cls(tuple(_pair(index, pair) for index, pair in enumerate(bounds)))

    def point(self, unit: Sequence[float]) -> Point:
        """Return the point of the box that NLopt evaluates for a point of the unit cube.

        Source: `cdirect_uf` of NLopt's cdirect.c; the rounding is the same.
        """
        pairs = zip(unit, self.bounds, strict=True)
        return tuple(low + x * (high - low) for x, (low, high) in pairs)


def _pair(index: int, pair: Sequence[float]) -> tuple[float, float]:
    if len(pair) != 2:
        raise ValueError(f"bounds[{index}] must be a pair (low, high), not {pair!r}")
    low, high = float(pair[0]), float(pair[1])
    if not (low < high and math.isfinite(high - low)):
        raise ValueError(f"bounds[{index}] must be finite, low below high, not ({low}, {high})")
    return low, high
