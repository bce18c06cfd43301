"""Arms compared in a cell and over cells; figures from scipy and by hand."""

from __future__ import annotations

import math
from dataclasses import astuple

import numpy as np
import pytest
from scipy import stats

from api.evidence.comparisons import compared, gain_of, pooled, primary_of
from service.report.effects import Effect
from tests.support.evidence import cell, recorded

OURS, THEIRS = [0.9, 1.1, 1.0, 0.8], [1.0, 1.3, 1.1, 0.9]


def effect(change: float, spread: float | None, n: int = 4) -> Effect:
    return Effect(n, 0, "ratio", change, None, None, 0.05, None, spread, None)


def test_a_ratio_is_the_mean_log_ratio_over_shared_seeds() -> None:
    found = compared(cell({"a": [*OURS, 5.0], "b": THEIRS}), "a", "b")
    assert found is not None
    logs = np.log(OURS) - np.log(THEIRS)
    interval = stats.ttest_1samp(logs, 0.0).confidence_interval(0.95)
    assert found.n == 4
    assert math.log1p(found.change) == pytest.approx(logs.mean())
    assert (found.low, found.high) == pytest.approx(np.expm1([interval.low, interval.high]))
    assert compared(cell({"a": OURS}), "a", "b") is None


def test_a_metric_is_compared_by_differences() -> None:
    accuracy = {"a": [0.7, 0.8, 0.9, 0.6], "b": [0.6, 0.8, 0.8, 0.5]}
    found = gain_of(cell({"a": OURS, "b": THEIRS}, accuracy=accuracy), "accuracy", "a", "b")
    assert found is not None
    interval = stats.ttest_rel(accuracy["a"], accuracy["b"]).confidence_interval(0.95)
    assert found.gain == pytest.approx(0.075)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert gain_of(cell({"a": OURS, "b": THEIRS}), "accuracy", "a", "b") is None


def test_cells_of_one_source_count_as_one_task() -> None:
    one, other = effect(-0.1, 0.02), effect(-0.2, 0.04)
    apart = pooled([("a", one), ("b", other), ("c", effect(0.0, 0.03))])
    together = pooled([("a", one), ("a", other), ("c", effect(0.0, 0.03))])
    assert apart is not None
    assert together is not None
    assert (apart.n, together.n) == (3, 2)
    # By hand: the mean of the logs, and the mean of the standard errors 0.01 and 0.02.
    mean = (math.log(0.9) + math.log(0.8)) / 2
    expected = pooled([("a", effect(math.expm1(mean), 0.03)), ("c", effect(0.0, 0.03))])
    assert expected is not None
    assert astuple(together) == pytest.approx(astuple(expected))


def test_the_same_training_has_the_median_variance_of_the_others() -> None:
    others = [("a", effect(-0.1, 0.02)), ("b", effect(-0.1, 0.04)), ("c", effect(-0.1, 0.06))]
    found, expected = (pooled([*others, ("d", effect(0.0, sd))]) for sd in (0.0, 0.04))
    assert found == expected


def test_one_task_and_none_are_not_pooled() -> None:
    assert pooled([("a", effect(-0.1, 0.02)), ("a", effect(-0.2, 0.02))]) is None
    assert pooled([("a", None), ("b", effect(0.0, 0.0))]) is None


def test_the_answer_of_a_cell_is_its_reports() -> None:
    found = [primary_of(own) for own in recorded().ended]
    assert [own.outcome for own in found] == ["no difference", "not decided", "no difference"]
    assert [own.n_seeds for own in found] == [5, 5, 3]
    for own in found:
        again = compared(own.cell, own.arm, own.against)
        assert own.effect is not None
        assert again is not None
        assert again.change == pytest.approx(own.effect.change, abs=1e-5)
