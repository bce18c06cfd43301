"""Importance by PED-ANOVA: what matters has the largest share, in any order and unit."""

from __future__ import annotations

import numpy as np
import pytest

from service.samplers.importance_process import ImportanceQuestion, importance


@pytest.fixture
def question() -> ImportanceQuestion:
    draws = np.random.default_rng(5)
    points = np.column_stack([draws.uniform(size=(80, 2)), draws.integers(0, 3, 80)])
    values = (points[:, 0] - 0.2) ** 2 + 0.02 * points[:, 1]
    return {"points": points.tolist(), "values": values.tolist(), "n_choices": [0, 0, 3]}


def test_the_coordinate_that_decides_has_the_largest_share(question: ImportanceQuestion) -> None:
    found = importance(question, 8)
    assert max(found["shares"]) == found["shares"][0] > 0.5
    assert sum(found["shares"]) == pytest.approx(1.0)
    assert found["lows"][0] > max(found["highs"][1:])
    pairs = zip(found["lows"], found["shares"], strict=True)
    assert all(low <= share for low, share in pairs)


def test_order_and_unit_do_not_matter(question: ImportanceQuestion) -> None:
    turn = np.random.default_rng(1).permutation(80)
    other: ImportanceQuestion = {
        "points": [question["points"][i] for i in turn],
        "values": [1000.0 * question["values"][i] + 7.0 for i in turn],
        "n_choices": question["n_choices"],
    }
    assert importance(other, 4) == importance(question, 4)


def test_where_all_values_are_equal_nothing_fails(question: ImportanceQuestion) -> None:
    found = importance({**question, "values": [1.0] * 80}, 2)
    assert all(0.0 <= share <= 1.0 for share in found["shares"])
