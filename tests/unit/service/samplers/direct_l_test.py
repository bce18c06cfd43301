"""What DIRECT-L knows before, and what it does when its log is not what it expects."""

from __future__ import annotations

import logging

import pytest

from service.samplers import Certainty, Entry, StudyPlan, create


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


def test_a_foreign_log_keeps_the_budget(caplog: pytest.LogCaptureFixture) -> None:
    log = [Entry((0.123, 0.456), 1.0, None), Entry((0.5, 0.5), 2.0, 0)]
    with caplog.at_level(logging.WARNING):
        plan = create("direct_l", StudyPlan(2, 3, 0)).plan(log)
    assert len(plan.proposals) == 1
    assert "does not ask for" in caplog.text


def test_values_beyond_nlopts_reach_are_held() -> None:
    study = StudyPlan(1, 9, 0)
    sampler, log = create("direct_l", study), list[Entry]()
    while not (plan := sampler.plan(log)).is_finished:
        log.extend(Entry(p.point, None, p.number) for p in plan.proposals)
        index = next(i for i, e in enumerate(log) if e.value is None)
        value = (-1.7e308, 1.7e308)[index % 2]
        log[index] = Entry(log[index].point, value, plan.numbered.get(index, log[index].number))
    assert len(log) == 9
