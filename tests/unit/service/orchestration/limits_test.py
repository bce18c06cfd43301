"""Limits on time at work and on money."""

from __future__ import annotations

from datetime import timedelta

import pytest

from service.costs.prices import HOUR_S, UNPRICED, Prices
from service.orchestration.limits import exceeded, worked_s
from service.states import COST, WALL_CLOCK
from tests.support.report_records import spec_of
from tests.support.runs import NOW, job_of


@pytest.mark.parametrize(("later_s", "expected"), [(0.0, 5.0), (7.5, 12.5), (-3.0, 5.0)])
def test_time_at_work_never_shrinks_when_the_clock_is_set_back(
    later_s: float, expected: float
) -> None:
    job = job_of(worked_s=5.0, working_since=NOW)
    assert worked_s(job, NOW + timedelta(seconds=later_s)) == expected


def test_a_pause_is_no_time_at_work() -> None:
    assert worked_s(job_of(worked_s=5.0), NOW + timedelta(days=1)) == 5.0


def test_a_limit_is_exceeded_from_its_value_on() -> None:
    spec = spec_of(budget={"n_trials": 1, "wall_clock_s": 10.0})
    job = job_of(worked_s=4.0, working_since=NOW)
    times = [NOW + timedelta(seconds=s) for s in (5.9, 6.0, 60.0)]
    found = [exceeded(spec, job, 0.0, UNPRICED, now) for now in times]
    assert found == [None, WALL_CLOCK, WALL_CLOCK]


def test_no_limit_is_exceeded_where_none_is_set() -> None:
    later = NOW + timedelta(days=365)
    job = job_of(working_since=NOW)
    assert exceeded(spec_of(), job, 1e9, UNPRICED, later) is None


def test_money_is_counted_by_the_seconds_of_trainings() -> None:
    spec = spec_of(budget={"n_trials": 1, "cost": 1.0})
    prices = Prices(cpu_hour=2.0)  # one CPU a trial: half an hour costs 1
    found = [exceeded(spec, job_of(), s, prices, NOW) for s in (0.49 * HOUR_S, 0.5 * HOUR_S)]
    assert found == [None, COST]
