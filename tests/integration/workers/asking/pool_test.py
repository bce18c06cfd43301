"""The pool of processes: one that is killed is replaced, and a dropped job frees its process."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.support import odd_samplers
from tests.support.asking import (
    GENEROUS,
    answer,
    odd,
    samplers_here,
    sequence,
    told,
    until,
)
from workers.asking.child import AskLimits
from workers.asking.pool import AskingPool


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


def test_a_dropped_job_ends_its_ask_and_frees_the_process(
    open_pool: Callable[..., AskingPool],
) -> None:
    pool = open_pool(GENEROUS, n_processes=1)
    sampler = odd(pool, "Sleeping")
    log = told([], answer(sampler, []))
    assert sampler.plan(log) is None
    until(pool.n_running)
    (pid,) = pool.pids()
    pool.drop(1)
    until(lambda: not Path(f"/proc/{pid}").exists())
    assert len(sequence(odd(pool, "Honest", job_id=2))) == 8
