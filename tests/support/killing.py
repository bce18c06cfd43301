"""kill -9 of what a server has started."""

from __future__ import annotations

import contextlib
import os
import signal

import psutil  # type: ignore[import-untyped]

from tests.support.product import Server


def kill(process: psutil.Process) -> None:
    """Kill a process, which may have ended."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)


def named(server: Server, word: str) -> list[psutil.Process]:
    """Return a server's descendants with a word in their command line."""
    found = []
    for process in server.family():
        with contextlib.suppress(psutil.Error):
            if word in " ".join(process.cmdline()):
                found.append(process)
    return found


def kill_worker(server: Server) -> None:
    """Kill a worker; an idle process of Ray's is called ray::IDLE, ours by class and method."""
    (worker, *_) = named(server, "ray::Worker")
    kill(worker)
