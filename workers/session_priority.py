"""The priority of this process's session where Linux schedules by session (autogroup)."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

AUTOGROUP = Path("/proc/self/autogroup")
# A third of the weight of a session at 0, while both want the same core.
NICENESS = 5


def lower(autogroup: Path = AUTOGROUP) -> None:
    """Let other sessions go first, the API's among them, if this process leads its own session.

    Ray's workers are nicer than its other processes. Where Linux schedules by session that counts
    only within the session, which is Ray's own: so the whole session is made nicer, too.
    """
    if os.getsid(0) != os.getpid():
        return
    with suppress(OSError, ValueError, IndexError):
        present = int(autogroup.read_text().split()[-1])  # "/autogroup-7 nice 0"
        if present < NICENESS:
            autogroup.write_text(str(NICENESS))
