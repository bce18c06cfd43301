"""In place of a penalty a model of the values takes the worst measured value and a little more."""

from __future__ import annotations

import itertools

import pytest

from densearch.sampler import Entry
from densearch.sampler.penalties import softened, softened_log


def test_a_penalty_is_little_worse_than_the_worst_measured_value() -> None:
    assert softened([1.0, 1000.0, 3.0], 1000.0) == pytest.approx([1.0, 3.2, 3.0])
    assert softened([-3.0, 1e12, -1.0], 1e12) == pytest.approx([-3.0, -0.8, -1.0])


@pytest.mark.parametrize("values", [[], [1.0, 2.0], [999.9, -5.0]])
def test_without_a_penalty_nothing_changes(values: list[float]) -> None:
    assert softened(values, 1000.0) == values
    assert softened([*values, 1000.0], None) == [*values, 1000.0]


@pytest.mark.parametrize("only", [0.25, 0.0, -7.0])
def test_it_is_worse_than_a_single_measured_value(only: float) -> None:
    measured, penalty = softened([only, 1000.0], 1000.0)
    assert measured == only < penalty < 1000.0


def test_where_nothing_is_measured_all_stay_equal() -> None:
    assert softened([1000.0, 1000.0], 1000.0) == [1000.0, 1000.0]


def test_it_stays_below_the_penalty_and_above_all_that_is_measured() -> None:
    assert softened([0.0, 999.0, 1000.0], 1000.0) == [0.0, 999.0, 1000.0]


def test_the_order_of_values_and_the_size_of_the_penalty_decide_nothing() -> None:
    values = [0.5, 1.5, 1000.0, 1000.0]
    expected = sorted(softened(values, 1000.0))
    for order in itertools.permutations(values):
        assert sorted(softened(order, 1000.0)) == expected
    assert softened([1e9 if v == 1000.0 else v for v in values], 1e9) == softened(values, 1000.0)


def test_trials_of_a_running_round_decide_nothing() -> None:
    def entry(value: float | None) -> Entry:
        return Entry((0.5,), value, None)

    log = [entry(1.0), entry(2.0), entry(1000.0), entry(None), entry(7.0), entry(1000.0)]
    values = [e.value for e in softened_log(log, 1000.0, 3)]
    assert values == [1.0, 2.0, pytest.approx(2.1), None, 7.0, pytest.approx(2.1)]
    assert [e.value for e in softened_log(log, 1000.0)][2] == pytest.approx(7.6)
    assert softened_log(log, None) is log
    assert softened_log(log[:2], 1000.0) == log[:2]
