"""How a process ended that this one did not start, where the kernel says it."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from workers.exit_status import ExitStatus

IS_NEW = tuple(map(int, platform.release().split(".")[:2])) >= (6, 15)
# The grandchild is a child of a process that never asks how it ended, as Ray's raylet.
MIDDLE = """
import signal, subprocess, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdin=subprocess.PIPE)
print(child.pid, flush=True)
sys.stdin.readline()
child.stdin.close()
sys.stdin.readline()
"""
WAITING = "import os, sys; sys.stdin.readline(); "


@pytest.mark.parametrize(
    ("code", "status"), [("os._exit(7)", 7), ("os.kill(os.getpid(), 9)", -9), ("pass", 0)]
)
def test_the_status_of_a_grandchild(code: str, status: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", MIDDLE, WAITING + code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as middle:
        assert middle.stdin is not None
        assert middle.stdout is not None
        held = ExitStatus(int(middle.stdout.readline()))
        assert held.read(0.01) is None  # it runs
        middle.stdin.write("end it\n")
        middle.stdin.flush()
        assert held.read(60.0) == (status if IS_NEW else None)
        held.close()
        held.close()


def test_a_process_that_is_gone_says_nothing() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert ExitStatus(gone.pid).read() is None


def test_one_that_runs_is_waited_for_no_longer_than_said() -> None:
    assert ExitStatus(os.getpid()).read(0.0) is None
