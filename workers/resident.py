"""Peak resident memory of this process."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

_KIB = 1024


def peak_resident_bytes() -> int:
    """Return the peak resident memory, bytes.

    On Linux `ru_maxrss` starts at the value of the process that started this one; VmHWM in
    /proc/self/status does not.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * _KIB
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * _KIB
