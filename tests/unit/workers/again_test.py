"""A trial trained again: the words and the exit code of the comparison."""

from __future__ import annotations

import pytest

from workers.again import OTHER, SAME, verdict


@pytest.mark.parametrize(
    ("before", "now", "code", "words"),
    [
        (0.25, 0.25, SAME, "bit for bit"),
        (0.25, 0.2500001, OTHER, "4e-05 % apart"),
        (0.25, None, OTHER, "it diverged"),
        (None, 0.25, OTHER, "no value to compare"),
        (0.0, 1e-300, OTHER, "another value"),
    ],
)
def test_the_values_are_compared_bit_for_bit(
    before: float | None, now: float | None, code: int, words: str
) -> None:
    said, found = verdict(before, now)
    assert (found, words in said) == (code, True)
