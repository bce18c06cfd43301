"""Sizes of kernels: odd, from 3."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from service.odd_size import OddSize

SIZE: TypeAdapter[int] = TypeAdapter(OddSize)


@pytest.mark.parametrize(
    ("size", "words"),
    [(4, "use an odd size, 3 or 5"), (1, "greater than or equal to 3"), (33, "or equal to 31")],
)
def test_a_kernel_has_a_centre_and_neighbours(size: int, words: str) -> None:
    assert SIZE.validate_python(3) == 3
    with pytest.raises(ValidationError, match=words):
        SIZE.validate_python(size)
