"""Faults of single files are collected, the first named and all counted."""

from __future__ import annotations

import pytest

from service.datasets.faults import MAX_NAMED, Faults
from service.errors import InvalidDatasetError


def test_the_first_are_named_and_all_are_counted() -> None:
    faults = Faults()
    for index in range(MAX_NAMED + 3):
        with faults.of_one():
            raise InvalidDatasetError(f"{index}.png", "is empty")
    with pytest.raises(
        InvalidDatasetError, match=r"0.png: is empty; 1.png.*; and 3 more"
    ) as refused:
        faults.refuse()
    assert refused.value.n_faults == MAX_NAMED + 3
    assert [entry for entry, _ in refused.value.faults] == [f"{i}.png" for i in range(MAX_NAMED)]


def test_without_a_fault_nothing_is_refused() -> None:
    faults = Faults()
    with faults.of_one():
        pass
    faults.refuse()


def test_other_errors_are_not_taken() -> None:
    with pytest.raises(OSError, match="disk"), Faults().of_one():
        raise OSError("disk")


def test_a_copy_is_apart() -> None:
    faults = Faults()
    faults.add(InvalidDatasetError("a", "b"))
    other = faults.copy()
    other.add(InvalidDatasetError("c", "d"))
    assert (faults.n, len(faults.first), other.n) == (1, 1, 2)
