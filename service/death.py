"""How a process died: its signal or exit code, who killed it for memory, and what to do about it.

Whatever starts processes says so in these words: workers, asking processes, readers, and the
servers' own children. The record of an attempt's death is stored with the attempt.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from service.exit_codes import signal_of
from service.sizes import size_text


class Cause(StrEnum):
    """What ended a process.

    RAY_MEMORY: Ray's memory monitor. CGROUP_MEMORY: the out-of-memory killer, since its container
    or cgroup had no memory left. KERNEL_MEMORY: the same for the machine. FULL_MEMORY: a SIGKILL
    while the memory was nearly full, by whom is not known. NODE: its machine or Ray node went
    away. RAY: Ray lost or ended it. UNKNOWN: a signal or an exit that could not be observed.
    """

    SIGNAL = "signal"
    EXIT = "exit"
    RAY_MEMORY = "ray_memory_monitor"
    CGROUP_MEMORY = "cgroup_memory"
    KERNEL_MEMORY = "kernel_memory"
    FULL_MEMORY = "full_memory"
    NODE = "node"
    RAY = "ray"
    UNKNOWN = "unknown"

    @property
    def is_memory(self) -> bool:
        """Whether the process was killed for lack of memory."""
        return self in _KILLERS


_KILLERS = {
    Cause.RAY_MEMORY: "Ray's memory monitor killed the worker",
    Cause.CGROUP_MEMORY: "the out-of-memory killer of its container or cgroup killed the worker",
    Cause.KERNEL_MEMORY: "the kernel's out-of-memory killer killed the worker",
    Cause.FULL_MEMORY: "the worker was killed (SIGKILL) while the memory of its node was full",
}
_OWN_NEED = (
    "the training itself takes the memory: lower the batch size, resources.pack_width, the "
    "network's width or DENSEARCH_READERS, or give the node more memory"
)
_NEIGHBOURS = (
    "other processes take the memory: end or limit them, or let fewer trainings run at once "
    "(DENSEARCH_N_CPUS, or a larger resources.cpus_per_trial); until the node is quiet, fewer "
    "trials run there at once"
)
_MEMORY = (
    "lower the batch size, resources.pack_width, the network's width, or the memory of other "
    "processes, or let fewer trainings run at once (DENSEARCH_N_CPUS, or a larger "
    "resources.cpus_per_trial)"
)
_NATIVE = (
    "native code crashed: try the trial without plug-ins, and reinstall torch for this machine's "
    "CPU and driver"
)
_ORDERED = "an operator or a service manager ended it: nothing is to be changed"
_OF_SIGNALS = {
    "SIGKILL": "a scheduler, a container engine or an operator killed it: look in their logs and "
    "in the kernel's (dmesg)",
    "SIGTERM": _ORDERED,
    "SIGINT": _ORDERED,
    "SIGHUP": _ORDERED,
    "SIGSEGV": _NATIVE,
    "SIGFPE": _NATIVE,
    "SIGABRT": _NATIVE,
    "SIGTRAP": _NATIVE,
    "SIGSYS": "a security profile forbids a system call that it needs: allow it",
    "SIGBUS": "a file or shared memory that it had mapped could not be read: look for a full "
    "/dev/shm or disk, and for files that were changed or truncated",
    "SIGILL": "this CPU lacks instructions of the installed packages: install torch and numpy "
    "built for it",
    "SIGXCPU": "a limit on CPU time ended it: raise it (ulimit -t)",
    "SIGXFSZ": "a limit on the size of files ended it: raise it (ulimit -f)",
}
_OF_EXITS = "code that it ran ended the process: look for exit calls in plug-ins, and in its log"
_OF_NODES = "look whether the machine was shut down, preempted or out of memory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """How a worker died.

    Attributes:
        cause: What ended it.
        signal: Name of the signal; None where none did, or it is not known.
        exit_code: Its own exit code, from 0 to 255; None likewise.
        detail: What Ray says, where that says more.
        peak_memory_bytes: The most resident memory that it is known to have held.
        node_memory_bytes: Memory of its node, or of the container it was in.
        node_used_bytes: How much of it was in use when it died.
        is_own_need: Whether its own memory was the reason of a kill for memory; None if that is
            not known, or memory was not the reason.
    """

    cause: Cause
    signal: str | None = None
    exit_code: int | None = None
    detail: str | None = None
    peak_memory_bytes: int | None = None
    node_memory_bytes: int | None = None
    node_used_bytes: int | None = None
    is_own_need: bool | None = None

    @property
    def sentence(self) -> str:
        """What happened, with the figures."""
        return f"{self._what()}{self._figures()}"

    def _what(self) -> str:
        if self.cause in _KILLERS:
            return _KILLERS[self.cause]
        if self.cause is Cause.SIGNAL and self.signal is not None:
            return f"the worker process died of {self.signal}"
        if self.cause is Cause.EXIT and self.exit_code is not None:
            return f"the worker process ended by itself with exit code {self.exit_code}"
        return self.detail or "the worker process died, of what is not known"

    def _figures(self) -> str:
        found = []
        if self.peak_memory_bytes is not None:
            found.append(f"it held at most {size_text(self.peak_memory_bytes)}")
        if self.node_memory_bytes is not None and self.node_used_bytes is not None:
            used, total = size_text(self.node_used_bytes), size_text(self.node_memory_bytes)
            found.append(f"{used} of {total} were in use on its node")
        return f" ({', '.join(found)})" if found else ""

    @property
    def remedy(self) -> str | None:
        """What to do about it; None where nothing is to be done, or known."""
        if self.cause.is_memory:
            known = {True: _OWN_NEED, False: _NEIGHBOURS, None: _MEMORY}
            return known[self.is_own_need]
        if self.cause is Cause.NODE:
            return _OF_NODES
        return remedy_of(self.signal, self.exit_code)

    @property
    def text(self) -> str:
        """Sentence and remedy."""
        return f"{self.sentence}; {self.remedy}" if self.remedy else self.sentence

    def to_json(self) -> dict[str, Any]:
        """Return it as it is stored and shown."""
        return {**asdict(self), "cause": self.cause.value, "remedy": self.remedy}


def remedy_of(by: str | None, exit_code: int | None) -> str | None:
    """Return what to do about a signal or an exit code, None if nothing is known."""
    if by is not None:
        return _OF_SIGNALS.get(by)
    return _OF_EXITS if exit_code else None


def ending_of(returncode: int) -> str:
    """Return how a process ended, in words that follow its name; of a signal, what to do about it.

    Args:
        returncode: As `subprocess` gives it.
    """
    by = signal_of(returncode)
    if by is None:
        return f"ended with exit code {returncode}"
    remedy = remedy_of(by, None)
    return f"was ended by {by}; {remedy}" if remedy else f"was ended by {by}"
