"""Splits that are drawn: every class and every group that can be is where it is needed."""

from __future__ import annotations

import numpy as np
import pytest

from service.datasets.splits import SplitPlan, assign
from tests.support.datasets import making
from tests.support.datasets.importing import Case, Import, Refuses


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


@pytest.mark.parametrize("is_table", [False, True])
def test_a_group_is_never_divided(imported: Import, is_table: bool) -> None:
    groups = [f"patient {index // 4}" for index in range(40)]
    if is_table:
        files = making.class_files(20)
        rows = [f"{name},{g}" for name, g in zip(sorted(files), groups, strict=True)]
        files["groups.csv"] = "\n".join(["name,group", *rows]).encode()
        _, stored = imported(making.zipped(files))
    else:
        content = making.npz(x=making.pixels(0, (40, 8, 8)), y=np.arange(40) % 2, groups=groups)
        _, stored = imported(content)
    for group in set(groups):
        rows_of = [index for index, found in enumerate(groups) if found == group]
        assert len(set(stored.splits[rows_of].tolist())) == 1
    assert [len(stored.rows(split)) for split in ("train", "validation", "test")] == [24, 8, 8]


X = making.pixels(0, (20, 8, 8))
CASES: dict[str, Case] = {
    "too few": (lambda: making.zipped(making.plain_files(2)), "", "no sample is left"),
    "group in two splits": (
        lambda: making.npz(x=X, groups=["a"] * 20, splits=["train", "test"] * 10),
        "groups",
        "two splits",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_split_without_samples_or_of_half_a_group_is_refused(
    refuses: Refuses, case: str
) -> None:
    refuses(*CASES[case])
