"""Subsets are nested, keep classes in proportion, and empty none."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.datasets.subsets import least_size, subset

COUNTS = st.lists(st.integers(0, 12), min_size=1, max_size=6).filter(any)


def labels_of(counts: list[int]) -> np.ndarray:
    labels = np.repeat(np.arange(len(counts)), counts)
    return np.random.default_rng(1).permutation(labels)


def seats(counts: list[int], n: int) -> list[int]:
    """Apportion n seats by Webster's method, one after another, in exact arithmetic."""
    found = [0 for _ in counts]
    for _ in range(n):
        quotients = [Fraction(c, 2 * s + 1) for c, s in zip(counts, found, strict=True)]
        found[quotients.index(max(quotients))] += 1
    return found


@given(COUNTS, st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_subsets_are_nested_and_have_the_seats_of_websters_method(
    counts: list[int], seed: int
) -> None:
    labels, before = labels_of(counts), set[int]()
    present = [c > 0 for c in counts]
    sizes = range(1, len(labels) + 1)
    least = next(n for n in sizes if [s > 0 for s in seats(counts, n)] == present)
    assert least_size(counts) == least
    for n in sizes[least - 1 :]:
        rows = subset(n, seed, len(labels), labels)
        assert before < set(rows.tolist())
        before = set(rows.tolist())
        assert np.bincount(labels[rows], minlength=len(counts)).tolist() == seats(counts, n)
    if least > 1:
        with pytest.raises(ValueError, match=f"use at least {least}"):
            subset(least - 1, seed, len(labels), labels)


@pytest.mark.parametrize(
    ("counts", "least"),
    [
        ([5, 5, 5], 3),  # equal classes: one of each
        ([10, 1], 6),  # 1/20, 3/20, ... 9/20 come before 1/2
        ([1, 9], 5),  # 1/18, 3/18, 5/18 and 7/18 come before 1/2, where class 0 is first
        ([3, 1, 0], 3),  # 1/6, then 3/6 of class 0, then 1/2 of class 1
        ([7], 1),
    ],
)
def test_the_least_size_by_hand(counts: list[int], least: int) -> None:
    assert least_size(counts) == least


def test_without_classes_it_is_a_plain_permutation() -> None:
    small, large = (set(subset(n, 3, 50).tolist()) for n in (5, 20))
    assert small < large
    assert set(subset(50, 3, 50).tolist()) == set(range(50))


def test_another_seed_draws_another_subset() -> None:
    assert subset(20, 1, 1000).tolist() != subset(20, 2, 1000).tolist()
    labels = labels_of([500, 500])
    assert subset(20, 1, 1000, labels).tolist() != subset(20, 2, 1000, labels).tolist()


@pytest.mark.parametrize("n", [0, -1, 51])
def test_sizes_that_no_subset_has_are_refused(n: int) -> None:
    with pytest.raises(ValueError, match="use 1 to 50"):
        subset(n, 0, 50)
