"""The search space: between a point of the unit cube and a trial's params in real units.

The first coordinates are the density's vector, the rest the searched training settings, in the
spec's order. Samplers see the unit cube alone; real units begin here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Value = float | int | str | bool
MIDDLE = 0.5
# Digits of a rounded axis: more than anybody writes, fewer than exp and log get right.
DIGITS = 12


@dataclass(frozen=True, slots=True)
class FloatAxis:
    """A real setting in [low, high], linear or logarithmic.

    Attributes:
        name: For people.
        low: The least value.
        high: The largest.
        is_log: Whether equal ratios are equally far apart.
        is_rounded: Whether values between the ends have `DIGITS` significant digits: the middle of
            a range around the job's own rate is that rate, and its training is known.
    """

    name: str
    low: float
    high: float
    is_log: bool = False
    is_rounded: bool = False

    def value(self, u: float) -> float:
        """Map u in [0, 1] to the setting's unit; the ends map to low and high exactly."""
        if u in (0.0, 1.0):
            return self.high if u else self.low
        if self.is_log:
            inside = math.exp(math.log(self.low) + u * (math.log(self.high) - math.log(self.low)))
        else:
            inside = self.low + u * (self.high - self.low)
        if not self.is_rounded:
            return inside
        return min(max(float(f"{inside:.{DIGITS}g}"), self.low), self.high)

    def holds(self, value: Value) -> bool:
        """Whether a value is in the range."""
        return isinstance(value, float | int) and self.low <= value <= self.high

    def unit(self, value: float) -> float:
        """Map a value to [0, 1]: the inverse of `value`, clipped, up to rounding."""
        low, high = self.low, self.high
        inside = min(max(value, low), high)
        if self.is_log:
            low, high, inside = math.log(low), math.log(high), math.log(inside)
        return min(max((inside - low) / (high - low), 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class IntegerAxis:
    """A whole setting in [low, high]; each value owns an equal share of [0, 1] (of its log)."""

    name: str
    low: int
    high: int
    is_log: bool = False

    def value(self, u: float) -> int:
        """Map u in [0, 1] to an integer in [low, high]."""
        if self.is_log:
            low, high = math.log(self.low - 0.5), math.log(self.high + 0.5)
            raw = round(math.exp(low + u * (high - low)))
        else:
            raw = self.low + int(u * (self.high - self.low + 1))
        return min(max(raw, self.low), self.high)

    def holds(self, value: Value) -> bool:
        """Whether a value is in the range."""
        return isinstance(value, float | int) and self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class CategoryAxis:
    """One of several choices, each with an equal share of [0, 1]."""

    name: str
    choices: tuple[Value, ...]

    def value(self, u: float) -> Value:
        """Map u in [0, 1] to a choice."""
        return self.choices[min(int(u * len(self.choices)), len(self.choices) - 1)]

    def holds(self, value: Value) -> bool:
        """Whether a value is one of the choices."""
        return value in self.choices


Axis = FloatAxis | IntegerAxis | CategoryAxis


@dataclass(frozen=True, slots=True)
class Space:
    """The axes of a study's points.

    Attributes:
        vector: Axes of the density's vector (or of a function's argument), in the vector's order.
        settings: Axes of searched training settings.
        is_scaled: Whether a common factor stands before the values of each density in the vector.
        rate: Learning rate of all points, where it is that of another study's best.
    """

    vector: tuple[FloatAxis, ...]
    settings: tuple[Axis, ...] = ()
    is_scaled: bool = False
    rate: float | None = None

    @property
    def dimension(self) -> int:
        """Length of a point."""
        return len(self.vector) + len(self.settings)

    @property
    def is_rate_tuned(self) -> bool:
        """Whether the learning rate is searched, or is the best of a study that searched it."""
        return self.rate is not None or any(axis.name == "lr" for axis in self.settings)

    def start(self, vector: Sequence[float]) -> tuple[float, ...]:
        """Return the point of a vector, shape (len(self.vector),); settings in their middle."""
        units = (axis.unit(value) for axis, value in zip(self.vector, vector, strict=True))
        return (*units, *(MIDDLE for _ in self.settings))

    def split(self, point: Sequence[float]) -> tuple[tuple[float, ...], dict[str, Value]]:
        """Map a point, shape (dimension,), to the vector and the settings in real units.

        The settings are those that differ from the job's own: with a `rate`, that too.
        """
        r = len(self.vector)
        vector = tuple(axis.value(u) for axis, u in zip(self.vector, point[:r], strict=True))
        pairs = zip(self.settings, point[r:], strict=True)
        fixed: dict[str, Value] = {} if self.rate is None else {"lr": self.rate}
        return vector, fixed | {axis.name: axis.value(u) for axis, u in pairs}
