"""A memory limit for a training on CPUs, so that the training fails instead of the machine.

Linux counts private writable memory against RLIMIT_DATA (setrlimit(2), from 4.7 on), which
excludes shared mappings: Ray's object store and the files of stored data sets. A process has
reserved more memory than is resident (stacks of threads, arenas of the allocator), so the limit
is the memory reserved now plus the amount that a training may still add.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_KIB = 1024
_STATUS = Path("/proc/self/status")


@contextmanager
def limited(n_bytes: int | None) -> Iterator[None]:
    """Make allocations that would exceed `n_bytes` in this process fail.

    Args:
        n_bytes: Resident memory of the whole process, libraries included; None sets no limit.
            Systems other than Linux get no limit.
    """
    if n_bytes is None or not sys.platform.startswith("linux"):
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (_reserved_with(n_bytes, before[1]), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


@contextmanager
def lifted() -> Iterator[None]:
    """Lift the limit while a thread starts.

    A thread that cannot allocate memory during its start ends without an error, and Python waits
    for it for ever. One that has started raises MemoryError.
    """
    if not sys.platform.startswith("linux"):
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (before[1], before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def _reserved_with(n_bytes: int, most: int) -> int:
    """Return the reserved bytes that correspond to `n_bytes` resident, at most the hard limit."""
    now = _status()
    wanted = now["VmData"] + max(n_bytes - now["VmRSS"], 0)
    return wanted if most == resource.RLIM_INFINITY else min(wanted, most)


def _status() -> dict[str, int]:
    """Return the process's counts in bytes, by their names in proc(5), /proc/pid/status."""
    lines = (line.split() for line in _STATUS.read_text().splitlines())
    return {words[0][:-1]: int(words[1]) * _KIB for words in lines if words[-1] == "kB"}
