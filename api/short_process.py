"""Short-lived Python processes for work that takes much memory or time, or modules we lack."""

from __future__ import annotations

import os
import subprocess
import sys

from service.settings import PREFIX


def run_module(module: str, content: bytes, limit_s: float) -> subprocess.CompletedProcess[bytes]:
    """Run ``python -m module`` with some input, and return what it wrote and how it ended.

    Args:
        module: Of the process.
        content: Its stdin.
        limit_s: Seconds until it is killed.

    Raises:
        subprocess.TimeoutExpired: It took longer.
        OSError: No process could be started.
    """
    return subprocess.run(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-P", "-m", module],
        input=content,
        capture_output=True,
        timeout=limit_s,
        env=environment(),
        check=False,
    )


def environment() -> dict[str, str]:
    """Return the environment without our settings, which may hold a password."""
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
