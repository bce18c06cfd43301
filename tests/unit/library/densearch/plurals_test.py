"""Numbers with their nouns."""

from __future__ import annotations

import pytest

from densearch.plurals import counted, noun


@pytest.mark.parametrize(
    ("n", "words"),
    [(0, "0 jobs"), (1, "1 job"), (1.0, "1.0 job"), (2, "2 jobs"), (1200, "1,200 jobs")],
)
def test_one_alone_is_singular(n: float, words: str) -> None:
    assert counted(n, "job") == words


def test_an_irregular_plural_is_given() -> None:
    assert [noun(n, "box", "boxes") for n in (0, 1, 5)] == ["boxes", "box", "boxes"]
    assert counted(3, "density", "densities") == "3 densities"
