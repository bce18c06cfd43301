"""Rules of the ranges in which settings are searched."""

from __future__ import annotations

from collections.abc import Iterator

from service.errors import Fault
from service.spec import FloatRange, IntegerRange


def faults(wanted: FloatRange | IntegerRange, at: str) -> Iterator[Fault]:
    """Yield what is wrong with a range at a pointer."""
    if wanted.low >= wanted.high:
        yield Fault(at, f"low {wanted.low} is not below high {wanted.high}")
    elif wanted.log and wanted.low <= 0:
        yield Fault(f"{at}/low", "a logarithmic range needs values above 0")
