"""What a dead worker's node knows of its death: its black box, its log, the kernel's counts.

Runs on the node that the worker ran on: in the dispatcher, or as a Ray task.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from service.death import Cause
from workers import black_box
from workers.black_box import Record
from workers.memory_use import MemoryUse, memory_use

# A record that is older than this when the worker has died says nothing of its last memory, s.
FRESH_S = 3.0
# A SIGKILL with this share of the memory in use was sent for memory.
NEARLY_FULL = 0.92
# Of a limit: from here on a cgroup's limit is the reason, and not the machine's memory.
AT_LIMIT = 0.8
# Age of the kernel's messages that may be about a death, s.
RECENT_S = 60.0
_LOG_BYTES = 65_536
_KILLED = re.compile(
    r"(Memory cgroup out|Out) of memory: Killed process (\d+) \(.*anon-rss:(\d+)kB"
)
_SIGNAL_RECEIVED = re.compile(r"\*\*\* (SIG[A-Z]+) received at")
_PYTHONS = {
    "Segmentation fault": "SIGSEGV",
    "Bus error": "SIGBUS",
    "Aborted": "SIGABRT",
    "Floating-point exception": "SIGFPE",
    "Illegal instruction": "SIGILL",
}
_KMSG = "/dev/kmsg"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found.

    Attributes:
        signal: Name of the signal that the worker's log mentions.
        killer: Which out-of-memory killer has struck, if one has.
        peak_bytes: The worker's peak memory, None if it is not known or the record is old.
        node: Memory of the node shortly before the death.
        left_bytes: How much of it is in use now, without the worker.
    """

    signal: str | None = None
    killer: Cause | None = None
    peak_bytes: int | None = None
    node: MemoryUse | None = None
    left_bytes: int | None = None


def examine(pid: int, box: str, logs: str) -> Evidence:
    """Return what is known here of a worker that has just died, and remove its black box.

    Args:
        pid: Its process id.
        box: Path of its black box.
        logs: Folder of Ray's logs.
    """
    record = black_box.read(Path(box))
    with suppress(OSError):
        Path(box).unlink()
    signal = _logged(Path(logs), pid)
    if record is None or record.node is None:
        return Evidence(signal=signal)
    now = memory_use(None if record.cgroup is None else Path(record.cgroup))
    killed = next(_kills_of(pid, _kernel_lines()), None)
    is_fresh = time.monotonic() - record.at < FRESH_S
    return Evidence(
        signal=signal,
        killer=killed[0] if killed else killer_of(record.node, now),
        peak_bytes=_peak(record, killed, is_fresh=is_fresh),
        node=record.node,
        left_bytes=None if now is None else now.used_bytes,
    )


def killer_of(before: MemoryUse, after: MemoryUse | None) -> Cause | None:
    """Return who may have killed a process for memory, by counts and use before and after."""
    is_full = before.used_bytes >= NEARLY_FULL * before.total_bytes
    if after is None:
        return Cause.FULL_MEMORY if is_full else None
    if before.n_killed is not None and after.n_killed is not None:
        has_killed = after.n_killed > before.n_killed
    else:
        has_killed = (after.n_killed_on_machine or 0) > (before.n_killed_on_machine or 0)
    if has_killed:
        is_cgroups = before.is_limited and before.used_bytes >= AT_LIMIT * before.total_bytes
        return Cause.CGROUP_MEMORY if is_cgroups else Cause.KERNEL_MEMORY
    return Cause.FULL_MEMORY if is_full else None


def _peak(record: Record, killed: tuple[Cause, int] | None, *, is_fresh: bool) -> int | None:
    if killed is not None:
        return max(record.peak_bytes, killed[1])
    return record.peak_bytes if is_fresh else None


def _logged(logs: Path, pid: int) -> str | None:
    """Return the signal that a worker's log mentions."""
    for path in logs.glob(f"worker-*-{pid}.err"):
        text = _tail(path)
        if found := _SIGNAL_RECEIVED.search(text):
            return found[1]
        for words, name in _PYTHONS.items():
            if f"Fatal Python error: {words}" in text:
                return name
    return None


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _LOG_BYTES))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def _kills_of(pid: int, lines: Iterable[str]) -> Iterator[tuple[Cause, int]]:
    """Yield the kernel's kills of a process: which kind, and its memory, bytes."""
    for line in lines:
        found = _KILLED.search(line)
        if found is not None and int(found[2]) == pid:
            is_cgroups = found[1].startswith("Memory")
            yield Cause.CGROUP_MEMORY if is_cgroups else Cause.KERNEL_MEMORY, int(found[3]) * 1024


def _kernel_lines(since_s: float = RECENT_S) -> Iterator[str]:
    """Yield the kernel's latest messages; none where they may not be read."""
    try:
        descriptor = os.open(_KMSG, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return
    earliest_us = (time.clock_gettime(time.CLOCK_BOOTTIME) - since_s) * 1e6
    try:
        while True:
            try:
                head, _, text = os.read(descriptor, 8192).decode(errors="replace").partition(";")
            except BrokenPipeError:  # overwritten while it was read
                continue
            if float(head.split(",")[2]) >= earliest_us:
                yield text
    except (OSError, ValueError, IndexError):  # no further message
        return
    finally:
        os.close(descriptor)
