"""The order of asks, with simulated processes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from densearch.sampler import Plan, StudyPlan
from workers.asking import pool as pools
from workers.asking.ask import Answer, Ask, Asked
from workers.asking.child import AskEndedError, AskLimits
from workers.asking.pool import AskingPool

PATIENCE_S = 30.0


class PretendedChild:
    """Answers when it may; `served` are the jobs in the order in which they were taken."""

    served: list[int]
    may_answer: threading.Semaphore
    fails: int

    def __init__(self, limits: AskLimits) -> None:
        del limits
        self.pid: int | None = None
        self.is_killed = threading.Event()

    def holds(self, key: int) -> bool:
        del key
        return False

    def kill(self) -> None:
        self.is_killed.set()

    def close(self) -> None:
        pass

    def rest(self) -> None:
        pass

    def ask(self, ask: Ask) -> Answer:
        cls = type(self)
        cls.served.append(ask.asked.job_id)
        while not cls.may_answer.acquire(timeout=0.005):
            if self.is_killed.is_set():
                self.is_killed.clear()
                raise AskEndedError("killed")
        if cls.fails:
            cls.fails -= 1
            raise AskEndedError("ended")
        return Plan()


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> type[PretendedChild]:
    PretendedChild.served = []
    PretendedChild.may_answer = threading.Semaphore(0)
    PretendedChild.fails = 0
    monkeypatch.setattr(pools, "Child", PretendedChild)
    return PretendedChild


@pytest.fixture
def pool(pretended: type[PretendedChild]) -> Iterator[AskingPool]:
    del pretended
    found = AskingPool(3, AskLimits(1.0, 0))
    yield found
    found.stop()


def put(
    pool: AskingPool, job_id: int, n: int = 1, *, is_short: bool = False, n_bytes: float = 0.0
) -> list[Ask]:
    asked = Asked(job_id, job_id, "a:b", StudyPlan(1, 1, 1), is_short, n_bytes)
    asks = [Ask(asked, "plan", ()) for _ in range(n)]
    for ask in asks:
        pool.put(ask)
    return asks


def until(pretended: type[PretendedChild], n: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while len(pretended.served) < n:
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_no_job_has_all_processes_and_one_is_kept_for_short_asks(
    pool: AskingPool, pretended: type[PretendedChild]
) -> None:
    put(pool, 1, n=20)
    until(pretended, 1)
    put(pool, 2, n=20)
    until(pretended, 2)
    put(pool, 3, is_short=True)
    until(pretended, 3)
    assert pretended.served == [1, 2, 3]


def test_jobs_take_turns(pretended: type[PretendedChild]) -> None:
    pool = AskingPool(2, AskLimits(1.0, 0))  # one for any ask, one for short ones
    put(pool, 1)
    until(pretended, 1)
    put(pool, 1, n=4)
    put(pool, 2, n=2)
    put(pool, 3)
    for n in range(2, 9):
        pretended.may_answer.release()
        until(pretended, n)
    pool.stop()
    assert pretended.served == [1, 1, 2, 3, 1, 2, 1, 1]


def test_asks_that_have_no_room_together_wait_for_one_another(
    pretended: type[PretendedChild], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "LIBRARIES_BYTES", 1.0)
    pool = AskingPool(5, AskLimits(1.0, 0), memory_bytes=10.0)
    put(pool, 1, n_bytes=20.0)  # more than there is: it runs alone
    until(pretended, 1)
    put(pool, 2, n_bytes=6.0)
    put(pool, 3, n_bytes=2.0)
    put(pool, 4, n_bytes=2.0)
    put(pool, 5, is_short=True, n_bytes=5.0)
    until(pretended, 2)
    assert pretended.served == [1, 5]
    pool.drop(1)
    until(pretended, 4)
    # 7 and 3 are 10: the last one waits. Small ones do not get past what is next.
    assert sorted(pretended.served[2:]) == [2, 3]
    pool.drop(2)
    until(pretended, 5)
    pool.stop()
    assert pretended.served[4:] == [4]


def test_an_ask_whose_process_ended_is_asked_again_but_not_for_ever(
    pool: AskingPool, pretended: type[PretendedChild]
) -> None:
    pretended.fails = 2
    (first,) = put(pool, 1)
    pretended.may_answer.release(3)
    wait_for(pool, 1)
    assert (first.answer, first.n_ends, first.fault) == (Plan(), 2, None)
    pretended.fails = 3
    (second,) = put(pool, 1)
    pretended.may_answer.release(3)
    wait_for(pool, 1)
    assert (second.answer, second.n_ends, second.fault) == (None, 3, "ended")


def wait_for(pool: AskingPool, job_id: int) -> set[int]:
    """Return the jobs that are answered up to this one."""
    deadline, found = time.monotonic() + PATIENCE_S, set[int]()
    while job_id not in found:
        assert time.monotonic() < deadline
        time.sleep(0.002)
        found |= pool.answered()
    return found


def test_what_is_dropped_is_neither_answered_nor_asked_again(
    pool: AskingPool, pretended: type[PretendedChild]
) -> None:
    asks = put(pool, 1, n=4)
    until(pretended, 1)
    pool.drop(1)
    put(pool, 2)
    until(pretended, 2)
    pretended.may_answer.release(2)  # the killed process may take one
    assert wait_for(pool, 2) == {2}
    assert all(ask.is_cancelled for ask in asks)
    assert pretended.served == [1, 2]


def test_the_loop_waits_less_the_younger_an_ask_is(pool: AskingPool) -> None:
    assert pool.wait_s(0.2) == 0.2
    put(pool, 1)
    assert pool.wait_s(100.0) < 30.0
    assert pool.wait_s(0.001) == 0.001
    pool.drop(1)
    assert pool.wait_s(0.2) == 0.2


def test_nothing_waits_for_the_end_of_an_idle_process(
    pretended: type[PretendedChild], monkeypatch: pytest.MonkeyPatch
) -> None:
    closing, may_end = threading.Event(), threading.Event()

    def close(_child: PretendedChild) -> None:
        closing.set()
        assert may_end.wait(PATIENCE_S)

    monkeypatch.setattr(pools, "IDLE_S", 0.05)
    monkeypatch.setattr(pretended, "close", close)
    pool = AskingPool(1, AskLimits(1.0, 0))
    pretended.may_answer.release()
    put(pool, 1)
    assert closing.wait(PATIENCE_S)
    asks = []
    asking = threading.Thread(target=lambda: asks.extend(put(pool, 1)))
    asking.start()
    asking.join(PATIENCE_S)
    assert asks, "the dispatcher waits for a process that does not end"
    may_end.set()
    pool.stop()
