"""Exit codes: those of the dispatcher's process, read by its parent, and the names of signals.

See docs/command-line.md.
"""

from __future__ import annotations

import signal

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
