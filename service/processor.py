"""What Linux says of this machine's processor."""

from __future__ import annotations

import platform
from functools import lru_cache
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")


def processor_name() -> str:
    """Return the processor's model, or the architecture where the system has no name for it."""
    return cpuinfo_field("model name") or platform.processor() or platform.machine()


@lru_cache
def cpuinfo_field(field: str) -> str | None:
    """Return a field of the first processor in /proc/cpuinfo, None if there is none."""
    lines = CPUINFO.read_text().splitlines() if CPUINFO.exists() else []
    fields = (line.partition(":")[::2] for line in lines)
    return next((value.strip() for name, value in fields if name.strip() == field), None)
