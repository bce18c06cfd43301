"""Arguments out of their range are named."""

from __future__ import annotations

import math
from typing import Any

import pytest

from densearch.direct_l.arguments import finite, whole


def test_what_is_in_range_is_returned() -> None:
    assert whole("n", 3) == 3
    assert finite("x", -2) == -2.0


@pytest.mark.parametrize("value", [0, -1, 11])
def test_a_whole_number_out_of_range(value: int) -> None:
    with pytest.raises(ValueError, match=rf"n must be a whole number, from 1 to 10, not {value}"):
        whole("n", value, most=10)


@pytest.mark.parametrize("value", [math.nan, math.inf, -0.5])
def test_a_number_that_is_not_finite_or_too_low(value: float) -> None:
    with pytest.raises(ValueError, match="x must be a finite number, at least 0, not"):
        finite("x", value, least=0.0)


@pytest.mark.parametrize("value", ["3", 1.5, None, []])
def test_what_is_no_whole_number_is_named(value: Any) -> None:  # noqa: ANN401 - whatever it is
    with pytest.raises(TypeError, match="n must be a whole number, not "):
        whole("n", value)


def test_what_is_no_number_is_named() -> None:
    others: list[Any] = ["x", None, []]
    for value in others:
        with pytest.raises(TypeError, match="x must be a number, not "):
            finite("x", value)
    with pytest.raises(ValueError, match="x must be a finite number, not 1000"):
        finite("x", 10**400)
