"""Samplers asked in real processes: pools, odd samplers, and the loop that asks them."""

from __future__ import annotations

import time
from collections.abc import Callable

from densearch.sampler import Entry, Plan, Sampler, StudyPlan
from service import samplers
from tests.support import odd_samplers
from workers.asking.ask import Asked
from workers.asking.child import AskLimits
from workers.asking.pool import AskingPool
from workers.asking.remote import RemoteSampler

PATIENCE_S = 120.0
GENEROUS = AskLimits(time_s=PATIENCE_S, memory_bytes=4 * 2**30)
ODD = "tests.support.odd_samplers"


def odd(pool: AskingPool, name: str, job_id: int = 1, n_trials: int = 8) -> RemoteSampler:
    study = StudyPlan(2, n_trials, seed=5)
    asked = Asked(id(study), job_id, f"{ODD}:{name}", study, is_short=True)
    return RemoteSampler("random", asked, pool.put)


def until(found: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def answer(sampler: RemoteSampler, log: list[Entry]) -> Plan:
    plan: list[Plan] = []

    def is_there() -> bool:
        found = sampler.plan(log)
        plan.extend([found] if found is not None else [])
        return found is not None

    until(is_there)
    return plan[0]


def told(log: list[Entry], plan: Plan) -> list[Entry]:
    new = [Entry(p.point, None, p.number) for p in plan.proposals]
    return [
        entry if entry.value is not None else Entry(entry.point, sum(entry.point), entry.number)
        for entry in [*log, *new]
    ]


def sequence(sampler: samplers.Asker) -> list[Entry]:
    log: list[Entry] = []
    while not (plan := answer(sampler, log)).is_finished:  # type: ignore[arg-type]
        log = told(log, plan)
    return log


def samplers_here(name: str) -> Sampler:
    sampler: Sampler = getattr(odd_samplers, name)(StudyPlan(2, 8, seed=5))
    return sampler
