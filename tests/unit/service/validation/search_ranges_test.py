"""Ranges of searched settings."""

from __future__ import annotations

from service.errors import Fault
from service.spec import FloatRange, IntegerRange
from service.validation.search_ranges import faults


def test_a_range_rises_and_a_logarithmic_one_is_above_0() -> None:
    assert not list(faults(FloatRange(low=0.0, high=1.0), "/search/a"))
    assert not list(faults(IntegerRange(low=1, high=8, log=True, integer=True), "/search/a"))
    assert list(faults(FloatRange(low=2.0, high=1.0), "/search/a")) == [
        Fault("/search/a", "low 2.0 is not below high 1.0")
    ]
    (fault,) = faults(FloatRange(low=0.0, high=1.0, log=True), "/search/a")
    assert fault.pointer == "/search/a/low"
