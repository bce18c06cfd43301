"""The watchdog's count, tick by tick, and the end of a process that hangs."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from service.exit_codes import HANGS
from workers import watchdog
from workers.watchdog import (
    BUSY_SHARE,
    END_S,
    PATIENCE,
    SILENT_S,
    Watchdog,
    processor_clock,
)

LEASE_S = 10.0
ENDS_AFTER = int(END_S)  # ticks of one second


class Processor:
    """The processor time that the loop's thread has used, s."""

    used_s = 0.0


@pytest.fixture
def processor(monkeypatch: pytest.MonkeyPatch) -> Processor:
    made = Processor()
    monkeypatch.setattr(watchdog, "processor_clock", lambda _thread: lambda: made.used_s)
    return made


@pytest.fixture
def ended() -> list[str]:
    return []


@pytest.fixture
def dog(ended: list[str], processor: Processor) -> Watchdog:
    del processor  # uses no time unless a test sets it
    return Watchdog(LEASE_S, lambda: ended.append("ended"))


def tick(dog: Watchdog, n: int) -> None:
    for _ in range(n):
        dog.tick()


def test_a_loop_that_waits_is_left_by_its_jobs_and_then_ended(
    dog: Watchdog, ended: list[str]
) -> None:
    stuck = []
    for _ in range(int(SILENT_S)):
        dog.tick()
        stuck.append(dog.is_stuck)
    assert stuck == [False] * (len(stuck) - 1) + [True]
    assert not ended
    tick(dog, ENDS_AFTER - int(SILENT_S))
    assert ended == ["ended"]


def test_a_turn_starts_the_count_again(dog: Watchdog, ended: list[str]) -> None:
    for _ in range(3):
        tick(dog, ENDS_AFTER - 1)
        dog.mark()
        tick(dog, 1)
        assert not dog.is_stuck
    assert not ended


def test_a_long_computation_is_no_hang_until_it_is_far_too_long(
    dog: Watchdog, processor: Processor, ended: list[str]
) -> None:
    for _ in range(PATIENCE * ENDS_AFTER - 1):
        processor.used_s += 1.1 * BUSY_SHARE
        dog.tick()
        assert not dog.is_stuck
    assert not ended
    processor.used_s += 1.1 * BUSY_SHARE
    dog.tick()
    assert ended == ["ended"]


def test_polling_for_an_answer_is_waiting(
    dog: Watchdog, processor: Processor, ended: list[str]
) -> None:
    for _ in range(ENDS_AFTER):
        processor.used_s += 0.1 * BUSY_SHARE
        dog.tick()
    assert ended == ["ended"]


def test_the_clock_is_that_of_the_loop_and_not_of_the_watchdog() -> None:
    clock = processor_clock(threading.current_thread())
    before = clock()
    thread = threading.Thread(target=lambda: sum(range(10**6)))
    thread.start()
    thread.join()
    others_s = clock() - before
    before, started = clock(), time.thread_time()
    sum(range(10**6))
    assert clock() - before >= (time.thread_time() - started) / 2 > others_s / 2


def test_the_limits_grow_with_the_lease(ended: list[str], processor: Processor) -> None:
    del processor
    long_lease_s = 2 * END_S
    dog = Watchdog(long_lease_s, lambda: ended.append("ended"))
    tick(dog, int(watchdog.END_LEASES * long_lease_s) - 1)
    assert dog.is_stuck
    assert not ended


def test_a_process_that_hangs_says_where_and_ends() -> None:
    program = (
        "import threading\n"
        "from workers.watchdog import Watchdog\n"
        "def never_ending():\n"
        "    threading.Event().wait()\n"
        "with Watchdog(0.01, tick_s=0.01, least_s=0.1):\n"
        "    never_ending()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == HANGS
    assert "never_ending" in done.stderr
