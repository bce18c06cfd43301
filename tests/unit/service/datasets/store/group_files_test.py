"""Groups by number: of their samples alone, not of their names."""

from __future__ import annotations

import numpy as np
import pytest

from service.datasets.store.group_files import numbered


def test_groups_are_numbered_by_their_first_sample() -> None:
    found = numbered(["b", None, "a", "b", None, "a"])
    assert found is not None
    assert found.dtype == np.int32
    assert found.tolist() == [0, 1, 2, 0, 3, 2]


def test_their_names_change_nothing() -> None:
    ours, theirs = numbered(["x", "y", "x"]), numbered(["sample:1", "sample:0", "sample:1"])
    assert ours is not None
    assert theirs is not None
    assert ours.tolist() == theirs.tolist() == [0, 1, 0]


@pytest.mark.parametrize("groups", [[], [None, None], ["a", "b", None], ["sample:1", None]])
def test_groups_of_one_sample_each_are_none(groups: list[str | None]) -> None:
    assert numbered(groups) is None
