"""Samplers in real processes: the same points, and limits that end them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from densearch.sampler import Entry, Plan, Sampler, StudyPlan
from service import samplers
from service.errors import AskingFailedError
from service.settings import load
from tests.support import odd_samplers
from tests.support.root import ROOT
from workers.asking import child
from workers.asking.ask import Asked
from workers.asking.child import AskLimits
from workers.asking.pool import AskingPool
from workers.asking.remote import RemoteSampler, maker

PATIENCE_S = 120.0
GENEROUS = AskLimits(time_s=PATIENCE_S, memory_bytes=4 * 2**30)
ODD = "tests.support.odd_samplers"


@pytest.fixture(autouse=True)
def path_to_odd_samplers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
def open_pool() -> Iterator[Callable[[AskLimits], AskingPool]]:
    pools: list[AskingPool] = []

    def opened(limits: AskLimits, n_processes: int = 3) -> AskingPool:
        pools.append(AskingPool(n_processes, limits))
        return pools[-1]

    yield opened
    for pool in pools:
        pool.stop()


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


def test_a_process_that_took_much_memory_is_not_kept(
    open_pool: Callable[[AskLimits], AskingPool], monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = open_pool(GENEROUS)
    sampler = odd(pool, "Honest")
    log = told([], answer(sampler, []))
    (first,) = pool.pids()
    monkeypatch.setattr(child, "MOST_KEPT_BYTES", 2**20)
    log = told(log, answer(sampler, log))
    until(lambda: not pool.pids())
    assert not Path(f"/proc/{first}").exists()
    assert len(sequence(odd(pool, "Honest"))) == 8


def test_the_memory_of_the_dispatcher_is_not_the_process_s(
    open_pool: Callable[[AskLimits], AskingPool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linux counts the peak of a process from that of the one that started it."""
    np.ones(2**26)  # 512 MiB, more than what the process takes
    monkeypatch.setattr(child, "MOST_KEPT_BYTES", 2**29)
    pool = open_pool(GENEROUS)
    sampler = odd(pool, "Honest")
    log = told([], answer(sampler, []))
    pids = pool.pids()
    answer(sampler, log)
    assert pool.pids() == pids != []


def test_a_process_does_not_get_the_passwords_of_the_database(
    open_pool: Callable[[AskLimits], AskingPool], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "postgresql://densearch:looked-for%21@db/densearch"
    secrets = {
        "DENSEARCH_DATABASE_URL": url,
        "PGPASSWORD": "looked-for!",
        "PGPASSFILE": "/home/me/.pgpass",
        "COPY_OF_PASSWORD": "looked-for!",
        "COPY_OF_URL": "postgresql://db/densearch?password=looked-for%21",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    load()
    pool = open_pool(GENEROUS)
    answer(odd(pool, "Honest"), [])
    (pid,) = pool.pids()
    environment = Path(f"/proc/{pid}/environ").read_bytes()
    assert b"PATH=" in environment
    assert not {name for name in secrets if name.encode() in environment}
    assert b"looked-for" not in environment


@pytest.mark.parametrize(
    ("name", "limits", "words"),
    [
        ("Sleeping", AskLimits(1.0, 2**30), "it took more than 1 s"),
        ("Hungry", AskLimits(PATIENCE_S, 2**28), "it needed more than 0.25 GiB of memory"),
        ("Raising", GENEROUS, "ZeroDivisionError: a library's bug"),
        ("Dying", GENEROUS, "its process was ended by SIGKILL"),
    ],
)
def test_three_ends_in_a_row_are_the_end(
    name: str, limits: AskLimits, words: str, open_pool: Callable[[AskLimits], AskingPool]
) -> None:
    log = told([], samplers_here("Honest").plan([]))
    with pytest.raises(AskingFailedError, match=words):
        answer(odd(open_pool(limits), name), log)


def test_a_killed_process_is_no_fault_of_the_sampler(
    open_pool: Callable[[AskLimits], AskingPool],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = tmp_path / "gate"
    monkeypatch.setenv(odd_samplers.GATE, str(gate))
    pool = open_pool(GENEROUS)
    sampler = odd(pool, "Waiting")
    log = told([], answer(sampler, []))
    assert sampler.plan(log) is None
    for _ in range(2):
        until(pool.pids)
        (pid,) = pool.pids()
        os.kill(pid, signal.SIGKILL)
        until(partial(_has_another, pool, pid))
    gate.touch()
    assert answer(sampler, log) == samplers_here("Honest").plan(log)


def _has_another(pool: AskingPool, killed: int) -> bool:
    pids = pool.pids()
    return len(pids) == 1 and pids != [killed]


def samplers_here(name: str) -> Sampler:
    sampler: Sampler = getattr(odd_samplers, name)(StudyPlan(2, 8, seed=5))
    return sampler


def test_a_dropped_job_ends_its_ask_and_frees_the_process(
    open_pool: Callable[..., AskingPool],
) -> None:
    pool = open_pool(GENEROUS, n_processes=1)
    sampler = odd(pool, "Sleeping")
    log = told([], answer(sampler, []))
    assert sampler.plan(log) is None
    until(lambda: pool._running[0] is not None)
    (pid,) = pool.pids()
    pool.drop(1)
    until(lambda: not Path(f"/proc/{pid}").exists())
    assert len(sequence(odd(pool, "Honest", job_id=2))) == 8


def test_a_process_that_thinks_ends_with_the_dispatcher() -> None:
    program = f"""
from densearch.sampler import Entry, StudyPlan
from workers.asking.ask import Ask, Asked
from workers.asking.child import AskLimits
from workers.asking.pool import AskingPool
import time
pool = AskingPool(1, AskLimits(600.0, 0))
log = [Entry((0.5, 0.5), 1.0, number) for number in range(4)]
pool.put(Ask(Asked(1, 1, "{ODD}:Sleeping", StudyPlan(2, 8, 5), is_short=True), "plan", log))
while not pool.pids():
    time.sleep(0.01)
print(*pool.pids(), flush=True)
time.sleep(600)
"""
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert Path(f"/proc/{pid}").exists()
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until(lambda: not Path(f"/proc/{pid}").exists())
