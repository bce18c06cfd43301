"""The memory of this machine or container, and how often its out-of-memory killer has struck.

A container, a batch job or a systemd unit has a cgroup with a limit of its own; cgroups of both
versions are read. Counts of kills are compared before and after a death: /proc/vmstat counts those
of the whole machine, a cgroup those of its own processes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_KIB = 1024
# Version 1 writes "no limit" as the largest multiple of a page below 2^63.
_UNLIMITED = 2**60


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """Memory at one time, bytes.

    Attributes:
        total_bytes: The smallest limit of a cgroup, or the machine's memory.
        used_bytes: How much of it is in use, without file caches that the kernel would give up.
        is_limited: Whether a cgroup's limit is the total.
        n_killed: Processes of the cgroup that out-of-memory killers have ended; None if unknown.
        n_killed_on_machine: The same of the whole machine.
    """

    total_bytes: int
    used_bytes: int
    is_limited: bool
    n_killed: int | None
    n_killed_on_machine: int | None


def cgroup_of(pid: int | str = "self", root: Path = Path("/")) -> Path | None:
    """Return the folder of a process's memory cgroup, None if it has none.

    In a container the path that the kernel names may lie outside; the cgroup is the root then.
    """
    lines = _text(root / "proc" / str(pid) / "cgroup").splitlines()
    found = [line.split(":", 2) for line in lines if line.count(":") >= 2]
    mount = root / "sys/fs/cgroup"
    for _, controllers, path in found:
        if "memory" in controllers.split(","):
            return _existing(mount / "memory", path)
    for _, controllers, path in found:
        if not controllers and (mount / "cgroup.controllers").exists():
            return _existing(mount, path)
    return None


def _existing(mount: Path, path: str) -> Path:
    own = mount / path.lstrip("/")
    return own if own.is_dir() else mount


def memory_use(cgroup: Path | None, root: Path = Path("/")) -> MemoryUse | None:
    """Return the memory of the machine or of a cgroup on it; None where Linux does not say.

    Args:
        cgroup: See `cgroup_of`.
        root: The root of the file system.
    """
    machine = _counts(root / "proc/meminfo")
    if "MemTotal:" not in machine or "MemAvailable:" not in machine:
        return None
    total = machine["MemTotal:"] * _KIB
    used = total - machine["MemAvailable:"] * _KIB
    limits = [] if cgroup is None else _limits(cgroup, root / "sys/fs/cgroup")
    limit, limit_used = min(limits, default=(total, used))
    is_limited = limit < total
    return MemoryUse(
        total_bytes=min(limit, total),
        used_bytes=limit_used if is_limited else used,
        is_limited=is_limited,
        n_killed=None if cgroup is None else _kills(cgroup),
        n_killed_on_machine=_counts(root / "proc/vmstat").get("oom_kill"),
    )


def _limits(cgroup: Path, mount: Path) -> list[tuple[int, int]]:
    """Return limit and use of a cgroup and of those that it lies in."""
    found = []
    for folder in (cgroup, *cgroup.parents):
        limit = _number(folder / "memory.max") or _number(folder / "memory.limit_in_bytes")
        # Most levels have no limit: nothing else of them is read.
        if limit is not None and limit < _UNLIMITED and (used := _used(folder)) is not None:
            found.append((limit, used))
        if folder == mount:
            break
    return found


def _used(folder: Path) -> int | None:
    """Return what a cgroup uses, without cached files that can be dropped."""
    used = _number(folder / "memory.current") or _number(folder / "memory.usage_in_bytes")
    if used is None:
        return None
    counts = _counts(folder / "memory.stat")
    return max(used - counts.get("total_inactive_file", counts.get("inactive_file", 0)), 0)


def _kills(cgroup: Path) -> int | None:
    for name in ("memory.events", "memory.oom_control"):
        count = _counts(cgroup / name).get("oom_kill")
        if count is not None:
            return count
    return None


def _counts(path: Path) -> dict[str, int]:
    """Return the numbers of a file of lines with a name and a number."""
    lines = (line.split() for line in _text(path).splitlines())
    return {words[0]: int(words[1]) for words in lines if len(words) > 1 and words[1].isdigit()}


def _number(path: Path) -> int | None:
    text = _text(path).strip()
    return int(text) if text.isdigit() else None


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
