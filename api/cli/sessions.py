"""Sessions of processes: a child with a session of its own is killed with all that it started."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import FrameType
from typing import NoReturn

# What ends a command: a service manager, a closed terminal, Ctrl-C.
ENDINGS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def kill(session: int) -> None:
    """Kill every process of a session: Ray's workers have groups of their own in it."""
    for pid in _pids():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getsid(pid) == session:
                os.kill(pid, signal.SIGKILL)


def end_with_children() -> None:
    """Make a signal end this process and the sessions of its children at once.

    For commands whose children hold nothing that must be ended in order.
    """
    handle(ENDINGS, _end)


def handle(
    numbers: Iterable[signal.Signals], handler: Callable[[int, FrameType | None], object]
) -> None:
    """Have a handler called at these signals.

    A signal that is ignored stays so: nohup's, and Ctrl-C of a script's background jobs.
    """
    for number in numbers:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    for pid in _pids():
        if _parent_of(pid) == os.getpid():
            kill(pid)
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    raise SystemExit(128 + number)  # where the parent blocks the signal


def _pids() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _parent_of(pid: int) -> int | None:
    """Return the id of a process's parent; None once it has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The name, in parentheses, may hold anything.
    return int(stat.rpartition(")")[2].split()[1])
