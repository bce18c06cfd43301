"""Samplers in processes give the points that they give here."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from densearch.sampler import Entry, StudyPlan
from service import samplers
from tests.support.asking import (
    GENEROUS,
    answer,
    told,
    until,
)
from workers.asking.child import AskLimits
from workers.asking.pool import AskingPool
from workers.asking.remote import RemoteSampler, maker


@pytest.mark.parametrize(
    ("name", "study"),
    [
        ("tpe", StudyPlan(3, 22, seed=7)),
        ("gp", StudyPlan(2, 14, seed=7)),
        ("cmaes", StudyPlan(20, 40, seed=7)),
        ("direct_l", StudyPlan(64, 6000, seed=7)),
    ],
)
def test_a_sampler_in_a_process_answers_what_it_answers_here(
    name: str, study: StudyPlan, open_pool: Callable[[AskLimits], AskingPool]
) -> None:
    remote = maker(open_pool(GENEROUS), 1)(name, study)
    assert isinstance(remote, RemoteSampler)
    here = samplers.create(name, study)
    log: list[Entry] = []
    for _ in range(12):
        plan = here.plan(log)
        assert answer(remote, log) == plan
        log = told(log, plan)


def test_likely_points_are_answered_too(
    open_pool: Callable[[AskLimits], AskingPool],
) -> None:
    study = StudyPlan(64, 6000, seed=7)
    remote = maker(open_pool(GENEROUS), 1)("direct_l", study)
    here = samplers.create("direct_l", study)
    log = told([], here.plan([]))
    answer(remote, [])  # type: ignore[arg-type]
    here.plan(log)
    until(lambda: remote.speculate(log, 5) is not None)
    assert remote.plan(log) is None
    found: list[object] = []

    def is_there() -> bool:
        found[:] = remote.speculate(log, 5) or ()
        return bool(found)

    until(is_there)
    assert tuple(found) == here.speculate(log, 5)
