"""Splits that are drawn: every class and every group that can be is where it is needed."""

from __future__ import annotations

import numpy as np
import pytest

from service.datasets.splits import SplitPlan, assign


@pytest.mark.parametrize("n", [3, 4, 5, 7])
@pytest.mark.parametrize("shares", [(0.45, 0.5), (0.9, 0.05), (0.2, 0.2), (0.05, 0.9)])
def test_a_small_class_is_in_every_split(n: int, shares: tuple[float, float]) -> None:
    classes = np.array([0] * 40 + [1] * n)
    splits = assign([None] * (40 + n), classes, [None] * (40 + n), SplitPlan(*shares))
    assert set(splits[40:].tolist()) == {0, 1, 2}


@pytest.mark.parametrize("seed", range(10))
def test_three_groups_are_enough_whatever_their_sizes(seed: int) -> None:
    groups = ["a"] + ["b"] * 2 + ["c"] * 8
    splits = assign([None] * 11, None, groups, SplitPlan(0.4, 0.4, seed))
    assert len({(group, int(split)) for group, split in zip(groups, splits, strict=True)}) == 3
    assert set(splits.tolist()) == {0, 1, 2}


def test_a_scarce_class_trains_before_it_judges() -> None:
    classes = np.array([0] * 30 + [1, 1])
    splits = assign([None] * 32, classes, [None] * 32, SplitPlan())
    assert splits[30:].tolist() == [0, 0]
