"""Ctrl-C and closed pipes end the process by the signal, without a traceback.

While there is nothing to clean up, Python would raise KeyboardInterrupt in whatever is being
imported, which shows its inside, or swallows the interrupt.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn

CLOSED_PIPE = 141


def end_at_once() -> None:
    """Make SIGINT end the process, unless its parent has it ignored, as `nohup` and scripts do."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def raise_in_commands() -> None:
    """Make SIGINT raise KeyboardInterrupt again, for what a command has to clean up."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def drop_output() -> None:
    """Let stdout lead nowhere: what is still held would be written at the end, and fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def end_by_closed_pipe() -> NoReturn:
    """End the process as SIGPIPE does: the reader of its output, such as `head`, has gone."""
    drop_output()
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGPIPE)
    raise SystemExit(CLOSED_PIPE)
