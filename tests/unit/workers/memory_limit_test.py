"""The memory limit of a training: it ends with its block, and stands aside while threads start."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from workers.memory_limit import lifted, limited

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has it")
GIB = 2**30


def limit() -> tuple[int, int]:
    return resource.getrlimit(resource.RLIMIT_DATA)


@pytest.fixture(autouse=True)
def before() -> Iterator[tuple[int, int]]:
    found = limit()
    yield found
    assert limit() == found


def test_an_allocation_beyond_it_fails_and_the_process_continues() -> None:
    with limited(1), pytest.raises(MemoryError):  # less than the libraries take already
        np.ones(GIB, dtype=np.uint8)
    assert np.ones(2**20, dtype=np.uint8).all()


def test_what_is_left_may_be_allocated() -> None:
    with limited(64 * GIB):
        assert np.ones(2**24, dtype=np.uint8).all()


def test_none_sets_no_limit(before: tuple[int, int]) -> None:
    with limited(None):
        assert limit() == before


def test_it_ends_with_an_error_too(before: tuple[int, int]) -> None:
    with limited(GIB):
        assert limit() != before
    with pytest.raises(ZeroDivisionError), limited(GIB):
        raise ZeroDivisionError
    assert limit() == before


def test_it_is_lifted_up_to_the_hard_limit_and_comes_back(before: tuple[int, int]) -> None:
    with limited(GIB):
        within = limit()
        with lifted():
            assert limit() == (before[1], before[1])
        assert limit() == within
