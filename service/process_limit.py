"""Whether the limits on processes and threads leave enough for a local Ray."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

# Threads of a local Ray and the dispatcher, and those for each worker; measured on 2 cores: 330.
BASE, EACH = 200, 60
# Of control groups, version 2 and 1, as a container sees its own.
_GROUPS = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/pids"))


def lack(n_cpus: int) -> str | None:
    """Say which limit leaves too few processes, and how to raise it; None if none does.

    Args:
        n_cpus: Number of workers.
    """
    needed = BASE + EACH * n_cpus
    soft, _ = resource.getrlimit(resource.RLIMIT_NPROC)
    uid = os.getuid()
    # The limit of the system's own root is never applied.
    if uid != 0 and soft != resource.RLIM_INFINITY and soft - (used := n_threads(uid)) < needed:
        return (
            f"uid {uid} may have {soft} processes and threads and has {used}; Ray needs about "
            f"{needed}: raise the limit with `ulimit -u {_rounded(used + needed)}` (LimitNPROC in "
            "a unit of systemd), or lower DENSEARCH_N_CPUS"
        )
    for most, used in _group_limits():
        if most - used < needed:
            return (
                f"this container or service may have {most} processes and threads and has {used}; "
                f"Ray needs about {needed}: start it with --pids-limit {_rounded(used + needed)} "
                "(TasksMax in a unit of systemd), or lower DENSEARCH_N_CPUS"
            )
    return None


def n_threads(uid: int) -> int:
    """Return how many threads the processes of a user have."""
    total = 0
    for process in Path("/proc").iterdir():
        with suppress(OSError, ValueError):  # no process, or one that has ended
            if process.name.isdigit() and process.stat().st_uid == uid:
                total += len(list((process / "task").iterdir()))
    return total


def _group_limits() -> Iterator[tuple[int, int]]:
    for group in _GROUPS:
        with suppress(OSError, ValueError):  # not there, or "max"
            yield int((group / "pids.max").read_text()), int((group / "pids.current").read_text())


def _rounded(n: int) -> int:
    return max(2048, 1 << n.bit_length())
