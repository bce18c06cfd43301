"""SIGINT while commands are imported ends the process; while they run it can be caught."""

from __future__ import annotations

import subprocess
import sys

import pytest

INTERRUPT = "import os, signal; from densearch.cli import interrupts; "
ITSELF = "os.kill(os.getpid(), signal.SIGINT); print('alive')"


def ended(code: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPT + code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_an_import_is_ended_without_a_traceback() -> None:
    assert ended(f"interrupts.end_at_once(); {ITSELF}") == (-2, "", "")


def test_a_command_can_clean_up() -> None:
    code, _, said = ended(f"interrupts.end_at_once(); interrupts.raise_in_commands(); {ITSELF}")
    assert (code, said.splitlines()[-1]) == (-2, "KeyboardInterrupt")


@pytest.mark.parametrize("call", ["end_at_once", "raise_in_commands"])
def test_an_interrupt_that_the_parent_has_ignored_stays_so(call: str) -> None:
    ignored = "signal.signal(signal.SIGINT, signal.SIG_IGN); "
    assert ended(f"{ignored}interrupts.{call}(); {ITSELF}") == (0, "alive\n", "")


def test_a_closed_pipe_ends_the_process_as_the_signal_does() -> None:
    code = "import sys; from densearch.cli.main import run; run(lambda: print('x' * 100_000))"
    done = subprocess.run(
        ["bash", "-c", '"$0" -c "$1" | true; echo "${PIPESTATUS[0]}"', sys.executable, code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("141\n", "")
