"""What a process that answers one question for the server may take of the machine."""

from __future__ import annotations

import os
import resource

# Below the API and the dispatcher, whose users wait.
NICENESS = 5


def bound(*, data_bytes: int | None = None, cpu_s: int | None = None) -> None:
    """Bound this process, once at its start: what it takes beyond ends it.

    Args:
        data_bytes: Private writable memory, libraries included (RLIMIT_DATA); None for no bound.
        cpu_s: Processor time, s; None for no bound.
    """
    os.nice(NICENESS)
    if data_bytes is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (data_bytes, data_bytes))
    if cpu_s is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
