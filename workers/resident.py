"""The most memory that this process has held."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

_KIB = 1024


def peak_resident_bytes() -> int:
    """Return the peak of what was resident.

    Linux counts a process's `ru_maxrss` from that of the process which started it: the program's
    own peak is in its status.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * _KIB
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * _KIB
