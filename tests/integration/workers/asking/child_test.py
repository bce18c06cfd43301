"""The process that answers asks: its memory, its environment, its limits and its end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from densearch.sampler import StudyPlan
from service.errors import AskingFailedError
from service.settings import load
from tests.support.asking import (
    GENEROUS,
    PATIENCE_S,
    answer,
    odd,
    samplers_here,
    sequence,
    told,
    until,
)
from workers.asking import child
from workers.asking.ask import Ask, Asked
from workers.asking.child import AskEndedError, AskLimits, Child
from workers.asking.pool import AskingPool


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
        ("Sleeping", AskLimits(1.0, 2**30), "it took more than 1 s .DENSEARCH_ASK_S"),
        (
            "Hungry",
            AskLimits(PATIENCE_S, 2**28),
            "it needed more than 0.25 GiB of memory .DENSEARCH_ASK_MEMORY_BYTES",
        ),
        ("Raising", GENEROUS, "ZeroDivisionError: a library's bug"),
        ("Dying", GENEROUS, "its process was ended by SIGKILL; a scheduler"),
        ("Exiting", GENEROUS, "its process ended with exit code 7; the sampler's library"),
    ],
)
def test_three_ends_in_a_row_are_the_end(
    name: str, limits: AskLimits, words: str, open_pool: Callable[[AskLimits], AskingPool]
) -> None:
    log = told([], samplers_here("Honest").plan([]))
    with pytest.raises(AskingFailedError, match=words):
        answer(odd(open_pool(limits), name), log)


def test_a_process_that_does_not_start_in_time_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "START_S", 0.0)
    slow = Child(GENEROUS)
    asked = Asked(1, 1, "a:b", StudyPlan(1, 1, 1), is_short=False)
    with pytest.raises(AskEndedError, match="did not start"):
        slow.ask(Ask(asked, "plan", ()))
    pid = slow.pid
    slow.rest()
    assert not Path(f"/proc/{pid}").exists()
    assert slow.pid is None
