"""How a dispatcher learns where Ray runs, and that a process of it has ended."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from workers.head import Head, HeadGuard, Processes, await_head, publish

HEAD = Head("127.0.0.1:6379", "/of/ray", {"raylet": 11, "gcs_server": 12})


@pytest.fixture
def file() -> Iterator[int]:
    descriptor = os.memfd_create("head")
    yield descriptor
    os.close(descriptor)


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)


def n_pidfds() -> int:
    found = (link for link in Path("/proc/self/fd").iterdir() if link.is_symlink())
    return sum("[pidfd]" in str(link.readlink()) for link in found)


def test_what_is_published_is_read_and_no_process_is_held_on_to(file: int) -> None:
    publish(file, HEAD)
    n_before = n_pidfds()
    assert await_head(os.getpid(), file, 10.0) == HEAD
    assert n_pidfds() == n_before


def test_the_next_ray_takes_the_place_of_the_last(file: int) -> None:
    publish(file, HEAD)
    os.ftruncate(file, 0)
    assert await_head(os.getpid(), file, 0.05) is None
    other = Head("127.0.0.1:1", "/of/other", {})
    publish(file, other)
    assert await_head(os.getpid(), file, 10.0) == other


def test_a_keeper_that_ends_before_it_says_anything_is_not_waited_for(file: int) -> None:
    keeper = sleeper()
    keeper.kill()
    assert await_head(keeper.pid, file, 60.0) is None  # a zombie, as its supervisor leaves it
    keeper.communicate()
    assert await_head(keeper.pid, file, 60.0) is None


def test_processes_are_seen_to_end() -> None:
    first, second = sleeper(), sleeper()
    watched = Processes({"first": first.pid, "second": second.pid})
    assert watched.dead() == []
    second.communicate(b"\n")
    assert watched.dead() == ["second"]
    first.kill()
    first.communicate()
    assert sorted(watched.dead()) == ["first", "second"]
    assert Processes({"gone": first.pid}).dead() == ["gone"]


def test_a_guard_reports_an_end_once_and_only_while_it_is_on() -> None:
    first, second = sleeper(), sleeper()
    seen: list[list[str]] = []
    reported = threading.Event()

    def note(dead: Sequence[str]) -> None:
        seen.append(list(dead))
        reported.set()

    with HeadGuard({"first": first.pid, "second": second.pid}, note):
        first.communicate(b"\n")
        assert reported.wait(60.0)
    second.communicate(b"\n")
    with HeadGuard({}, note):
        pass
    assert seen == [["first"]]
