"""A command with a server of its own ends in order at a signal, and at none that is ignored."""

from __future__ import annotations

import subprocess
import sys

import pytest

CODE = """
import os, signal
from api.cli.private_server import end_with_the_server
end_with_the_server()
try:
    os.kill(os.getpid(), signal.{name})
finally:
    print("in order", flush=True)
"""


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_ends_a_command_in_order(name: str, code: int) -> None:
    command = [sys.executable, "-c", CODE.format(name=name)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (code, "in order\n")


def test_a_signal_that_is_ignored_does_not_end_it() -> None:
    """A run of hours that nohup has started goes on when its terminal is closed."""
    script = 'trap "" HUP; exec "$0" -c "$1"'
    command = ["bash", "-c", script, sys.executable, CODE.format(name="SIGHUP")]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
