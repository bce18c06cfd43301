"""Exit codes: those of the dispatcher's process, read by its parent, and the names of signals.

See docs/command-line.md.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn

DONE, REFUSED, UNUSABLE_SETTING, CLUSTER_LOST, CRASHED, HANGS = 0, 1, 2, 3, 4, 5


def signal_of(code: int) -> str | None:
    """Return the name of the signal that ended a process; None if none did.

    Args:
        code: Its return code, as `subprocess` gives it: minus the signal's number.
    """
    if code >= 0:
        return None
    try:
        return signal.Signals(-code).name
    except ValueError:  # most of the real-time signals have no name
        return f"signal {-code}"


def exit_now(code: int) -> NoReturn:
    """End the process without the interpreter's clean-up, which takes seconds on a busy machine.

    It would wait for threads too, and in a dispatcher Ray's would wait for dead processes. What
    they have not committed the next start removes.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
