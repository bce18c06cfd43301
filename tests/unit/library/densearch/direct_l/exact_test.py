"""What DIRECT-L knows before, and what it does when its log is not what it expects."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from densearch.sampler import Certainty, Entry, StudyPlan
from service.samplers import create


@pytest.mark.parametrize("dimension", [1, 2, 5, 8])
def test_centre_and_first_division_are_certain_at_once(dimension: int) -> None:
    plan = create("direct_l", StudyPlan(dimension, 100, 0)).plan([])
    third, half = 1 / 3, 0.5
    expected: list[tuple[float, ...]] = [(half,) * dimension]
    for axis in range(dimension):
        for side in (-1, 1):
            step = [half + side * third if i == axis else half for i in range(dimension)]
            expected.append(tuple(step))
    assert [p.number for p in plan.proposals] == list(range(2 * dimension + 1))
    for proposal, point in zip(plan.proposals, expected, strict=True):
        assert proposal.point == pytest.approx(point)
        assert proposal.certainty is Certainty.CERTAIN


@pytest.mark.parametrize("dimension", [1, 2, 5, 8])
def test_one_pair_is_certain_where_sides_are_drawn(dimension: int) -> None:
    first, *pair = create("direct_l_rand", StudyPlan(dimension, 100, 4)).plan([]).proposals
    assert first.point == (0.5,) * dimension
    low, high = sorted(proposal.point for proposal in pair)
    moved = [axis for axis in range(dimension) if low[axis] != 0.5]
    assert len(moved) == 1
    assert (low[moved[0]], high[moved[0]]) == pytest.approx((1 / 6, 5 / 6))


def test_idle_workers_get_conditional_points_before_predicted_ones() -> None:
    study = StudyPlan(2, 60, 0)
    sampler, log = create("direct_l", study), list[Entry]()
    found = set()
    while not (plan := sampler.plan(log)).is_finished:
        for index, number in plan.numbered.items():
            log[index] = replace(log[index], number=number)
        log.extend(Entry(p.point, None, p.number) for p in plan.proposals)
        likely = [p.certainty for p in sampler.speculate(log, 6)]
        assert likely == sorted(likely)  # "conditional" is before "predicted"
        found.update(likely)
        index = max(i for i, e in enumerate(log) if e.value is None)
        log[index] = replace(log[index], value=sum((x - 0.3) ** 2 for x in log[index].point))
    assert found == {Certainty.CONDITIONAL, Certainty.PREDICTED}


def test_a_true_lower_bound_certifies_no_less() -> None:
    told = 0
    for bound in (None, 0.0):
        study = StudyPlan(2, 60, 0, lower_bound=bound)
        log = [
            Entry(p.point, None, p.number) for p in create("direct_l", study).plan([]).proposals
        ]
        for index, entry in enumerate(log):
            log[index] = Entry(entry.point, 1.0 + sum(entry.point), entry.number)
        n_certain = len(create("direct_l", study).plan(log).proposals)
        assert n_certain >= max(told, 2)
        told = n_certain


def test_an_untrue_lower_bound_ends_all_the_same() -> None:
    study = StudyPlan(3, 60, 0, lower_bound=10.0)
    sampler, log = create("direct_l", study), list[Entry]()
    while not (plan := sampler.plan(log)).is_finished:
        log.extend(Entry(p.point, None, p.number) for p in plan.proposals)
        index = next(i for i, e in enumerate(log) if e.value is None)
        log[index] = Entry(log[index].point, sum(log[index].point), log[index].number)
    assert len(log) == 60


def finish(study: StudyPlan, log: list[Entry]) -> None:
    """Run to the end, one trial at a time."""
    sampler = create("direct_l", study)
    while not (plan := sampler.plan(log)).is_finished:
        for index, number in plan.numbered.items():
            log[index] = replace(log[index], number=number)
        log.extend(Entry(p.point, None, p.number) for p in plan.proposals)
        index = next(i for i, e in enumerate(log) if e.value is None)
        log[index] = replace(log[index], value=sum(x * x for x in log[index].point))
    for index, number in plan.numbered.items():
        log[index] = replace(log[index], number=number)


def test_points_that_are_not_asked_for_take_no_place(caplog: pytest.LogCaptureFixture) -> None:
    log = [Entry((0.123, 0.456), 1.0, None), Entry((0.5, 0.5), 2.0, 0)]
    with caplog.at_level(logging.WARNING):
        finish(StudyPlan(2, 30, 0), log)
    assert sorted(e.number for e in log if e.number is not None) == list(range(30))
    assert log[0].number is None
    assert "1 points that this replay does not ask for" in caplog.text


def test_a_log_in_another_order_is_followed(caplog: pytest.LogCaptureFixture) -> None:
    log: list[Entry] = []
    finish(StudyPlan(2, 20, 0), log)
    swapped = {7: 8, 8: 7}
    log = [replace(e, number=swapped.get(e.number or 0, e.number)) for e in log]
    assert not caplog.text
    with caplog.at_level(logging.WARNING):
        finish(StudyPlan(2, 40, 0), log)
    assert sorted(e.number for e in log if e.number is not None) == list(range(40))
    assert "points that this replay does not ask for" in caplog.text


def test_values_beyond_nlopts_reach_are_held() -> None:
    study = StudyPlan(1, 9, 0)
    sampler, log = create("direct_l", study), list[Entry]()
    while not (plan := sampler.plan(log)).is_finished:
        log.extend(Entry(p.point, None, p.number) for p in plan.proposals)
        index = next(i for i, e in enumerate(log) if e.value is None)
        value = (-1.7e308, 1.7e308)[index % 2]
        log[index] = Entry(log[index].point, value, plan.numbered.get(index, log[index].number))
    assert len(log) == 9
