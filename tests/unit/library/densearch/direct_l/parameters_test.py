"""Parameters of a search: what each coordinate of the unit cube stands for."""

from __future__ import annotations

import math

import pytest

from densearch.direct_l.parameters import (
    LogParameter,
    LogWholeParameter,
    Parameter,
    ParameterSpace,
    RealParameter,
    SteppedParameter,
    Value,
)


@pytest.mark.parametrize(
    ("parameter", "values"),
    [
        (RealParameter(-1.0, 3.0), {0.0: -1.0, 0.5: 1.0, 1 / 6: -1.0 + 4.0 / 6, 1.0: 3.0}),
        (LogParameter(1e-4, 1.0), {0.0: 1e-4, 0.5: 1e-2, 1.0: 1.0}),
        (SteppedParameter(0, 10, 5), {0.0: 0, 0.34: 5, 0.5: 5, 0.67: 10, 1.0: 10}),
        (SteppedParameter(-0.2, 0.2, 0.1), {0.0: -0.2, 0.5: 0.0, 1.0: 0.2}),
        (LogWholeParameter(1, 100), {0.0: 1, 1.0: 100, 0.5: 7}),  # sqrt(0.5 * 100.5) = 7.09
    ],
)
def test_values(parameter: Parameter, values: dict[float, Value]) -> None:
    for u, value in values.items():
        found = parameter.value(u)
        assert found == pytest.approx(value, rel=1e-12, abs=1e-15)
        assert type(found) is type(value)


def test_steps_never_leave_their_range() -> None:
    parameter = SteppedParameter(-10.2, 10.2, 0.1)
    assert parameter.n_values == 205
    assert {parameter.value(u) for u in (0.9999, 1.0)} == {10.2}
    assert len({parameter.value((i + 0.5) / 205) for i in range(205)}) == 205


def test_coordinates_are_in_the_order_of_the_names() -> None:
    space = ParameterSpace({"b": RealParameter(0.0, 1.0), "a": SteppedParameter(0, 2, 1)})
    assert space.names == ("a", "b")
    assert space.named(space.place((0.9, 0.25))) == {"a": 2, "b": 0.25}
    assert space.n_configurations == math.inf
    assert ParameterSpace({"a": SteppedParameter(0, 2, 1)}).n_configurations == 3
