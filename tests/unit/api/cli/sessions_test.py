"""What a command has started in sessions of their own ends with it, whatever ends it."""

from __future__ import annotations

import signal
import subprocess
import sys

import psutil  # type: ignore[import-untyped]
import pytest

# A child with a session of its own, and a grandchild with a group of its own in that session.
INNER = "import subprocess; subprocess.run(['sleep', '600'], process_group=0)"
COMMAND = f"""
import subprocess, sys, psutil
from api.cli import sessions
sessions.end_with_children()
child = psutil.Popen([sys.executable, "-c", {INNER!r}], start_new_session=True)
while not child.children():
    pass
print(child.pid, child.children()[0].pid, flush=True)
child.wait()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_a_command_with_all_that_it_has_started(number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", COMMAND], stdout=subprocess.PIPE) as command:
        assert command.stdout is not None
        started = [psutil.Process(int(pid)) for pid in command.stdout.readline().split()]
        assert len(started) == 2
        command.send_signal(number)
        assert command.wait(60) == -number
    _, alive = psutil.wait_procs(started, timeout=60)
    assert not alive


def test_a_signal_that_is_ignored_stays_so() -> None:
    """As nohup and a script's background jobs have it."""
    code = "import signal\nfrom api.cli import sessions\nsessions.end_with_children()\n"
    code += "print(signal.getsignal(signal.SIGHUP) is signal.SIG_IGN)"
    script = 'trap "" HUP; exec "$0" -c "$1"'
    command = ["bash", "-c", script, sys.executable, code]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "True\n"
