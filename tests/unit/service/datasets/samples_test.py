"""What samples are read from is closed with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest

from service.datasets.samples import closed


@pytest.mark.parametrize("errors", [(), (KeyError(),)])
def test_a_generator_that_was_read_in_part_is_closed(errors: tuple[Exception, ...]) -> None:
    is_closed: list[bool] = []

    def items() -> Iterator[int]:
        try:
            yield from range(9)
        finally:
            is_closed.append(True)

    found = items()
    with suppress(KeyError), closed(found):
        next(found)
        for error in errors:
            raise error
    assert is_closed == [True]


def test_other_iterators_are_left_as_they_are() -> None:
    found = iter([1, 2])
    with closed(found):
        assert next(found) == 1
    assert next(found) == 2
    with pytest.raises(StopIteration):
        next(found)
