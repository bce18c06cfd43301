"""Short-lived Python processes for work that takes much memory or time, or modules we lack."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import IO

from service.death import ending_of
from service.settings import PREFIX

MOST_CHARS = 200


def run_module(
    module: str, given: bytes | IO[bytes], limit_s: float, *arguments: str
) -> subprocess.CompletedProcess[bytes]:
    """Run ``python -m module`` with some input, and return what it wrote and how it ended.

    Args:
        module: Of the process.
        given: Its stdin, or a file of it.
        limit_s: Seconds until it is killed.
        arguments: Of its command line.

    Raises:
        subprocess.TimeoutExpired: It took longer.
        OSError: No process could be started.
    """
    return subprocess.run(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-P", "-m", module, *arguments],
        input=given if isinstance(given, bytes) else None,
        stdin=None if isinstance(given, bytes) else given,
        capture_output=True,
        timeout=limit_s,
        env=environment(),
        check=False,
    )


def reason_of(done: subprocess.CompletedProcess[bytes]) -> str:
    """Say why a process failed: its last words, else how it ended."""
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return said[-1][:MOST_CHARS] if said else ending_of(done.returncode)


def environment() -> dict[str, str]:
    """Return the environment without our settings, which may hold a password."""
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
