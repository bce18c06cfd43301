"""Parameters of a search, by name, and the way from the unit cube to their values.

What has an order can be searched: real numbers and whole ones, on a linear or a logarithmic axis,
in steps or not. Steps and whole numbers share [0, 1] among their values.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from densearch.direct_l.box import Point
from densearch.sampler.axes import share_of

Value = float | int
Place = tuple[Value, ...]  # the values of all parameters, in the order of their names


class UnsearchableParameterError(ValueError):
    """A parameter has no order, no bounds, or is unknown: DIRECT-L cannot search it.

    Attributes:
        name: The parameter.
    """

    def __init__(self, name: str, reason: str, remedy: str) -> None:
        self.name = name
        super().__init__(f"parameter {name!r} {reason}: {remedy}")


class Parameter(ABC):
    """An axis of a search."""

    @property
    def n_values(self) -> float:
        """How many values it has; infinite for a real number."""
        return math.inf

    @abstractmethod
    def value(self, u: float) -> Value:
        """Return the value for a coordinate in [0, 1]."""


@dataclass(frozen=True, slots=True)
class RealParameter(Parameter):
    """A real number between two bounds, as NLopt maps it: low + u (high - low)."""

    low: float
    high: float

    def value(self, u: float) -> float:
        """See `Parameter`."""
        return min(max(self.low + u * (self.high - self.low), self.low), self.high)


@dataclass(frozen=True, slots=True)
class LogParameter(Parameter):
    """A real number between two positive bounds, whose logarithm is searched."""

    low: float
    high: float

    def value(self, u: float) -> float:
        """See `Parameter`."""
        low, high = math.log(self.low), math.log(self.high)
        return min(max(math.exp(low + u * (high - low)), self.low), self.high)


@dataclass(frozen=True, slots=True)
class SteppedParameter(Parameter):
    """One of the numbers low, low + step, ..., high; whole where all three are."""

    low: Value
    high: Value
    step: Value

    @property
    def n_values(self) -> float:
        """See `Parameter`."""
        return round((self.high - self.low) / self.step) + 1

    def value(self, u: float) -> Value:
        """See `Parameter`."""
        return min(self.low + share_of(u, int(self.n_values)) * self.step, self.high)


@dataclass(frozen=True, slots=True)
class LogWholeParameter(Parameter):
    """A whole number between two positive bounds, each with its share of the logarithmic axis."""

    low: int
    high: int

    @property
    def n_values(self) -> float:
        """See `Parameter`."""
        return self.high - self.low + 1

    def value(self, u: float) -> int:
        """See `Parameter`."""
        low, high = math.log(self.low - 0.5), math.log(self.high + 0.5)
        return min(max(round(math.exp(low + u * (high - low))), self.low), self.high)


class ParameterSpace:
    """The parameters of a search. The coordinates are in the order of the names.

    Args:
        parameters: By name, at least one.
    """

    def __init__(self, parameters: Mapping[str, Parameter]) -> None:
        self.names = tuple(sorted(parameters))
        self._parameters = tuple(parameters[name] for name in self.names)

    @property
    def dimension(self) -> int:
        """How many there are."""
        return len(self.names)

    @property
    def n_configurations(self) -> float:
        """How many different values they have together; infinite with a real one."""
        return math.prod(parameter.n_values for parameter in self._parameters)

    def place(self, point: Point) -> Place:
        """Return the values for a point of the unit cube, shape (dimension,)."""
        pairs = zip(self._parameters, point, strict=True)
        return tuple(parameter.value(u) for parameter, u in pairs)

    def named(self, place: Place) -> dict[str, Value]:
        """Return values by name."""
        return dict(zip(self.names, place, strict=True))
