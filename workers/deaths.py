"""From Ray's error, the exit status and what the node knows: how a worker died.

Ray's messages are kilobytes long and list other processes of the machine: little of them is kept.
"""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass, field, replace

from ray.exceptions import (
    ActorDiedError,
    NodeDiedError,
    OutOfMemoryError,
    RayActorError,
    RayError,
    RayTaskError,
)

from service.death import Cause, Death
from service.exit_codes import signal_of
from service.orchestration.messages import Ending
from workers.post_mortem import Evidence

# Prefix of the errors of measurements whose worker died.
DIED = "the worker process died"
MAX_CHARS = 4_000
# A training that holds this share of a full node's memory is the reason why it is full.
OWN_SHARE = 0.75
_GIB = 2**30
_MEMORY = re.compile(r"was ([\d.]+)GB used / ([\d.]+)GB limit")
_BYTES = re.compile(r"Memory usage (\d+)B exceeded threshold of (\d+)B \([\d.]+% of (\d+)B limit")
_VICTIM = r"pid={pid}, actual memory used=([\d.]+)GB"
_DETAIL = re.compile(r"Worker exit detail: (.*?)(?:\s*Some common causes|$)", re.DOTALL)
_BY_SIGNAL = re.compile(r"receives? a (SIG[A-Z]+)")
_BY_EXIT = re.compile(r"exit code (\d+)")
_SILENT = "connection error code 2"


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the dispatcher knows of a worker that has died.

    Attributes:
        pid: Its process id, None before it has started.
        returncode: How it ended, as `subprocess` says it; None if nobody knows.
        limit_bytes: Memory that it could use by its share of the node; None for no limit.
        evidence: What was found on its node.
    """

    pid: int | None = None
    returncode: int | None = None
    limit_bytes: int | None = None
    evidence: Evidence = field(default_factory=Evidence)


def raised(error: RayError) -> str | None:
    """Return the trace of what a worker's code raised, None for any other error."""
    is_raised = isinstance(error, RayTaskError) and not isinstance(error.cause, OutOfMemoryError)
    return str(error)[-MAX_CHARS:] if is_raised else None


def death_of(error: RayError, known: Circumstances) -> tuple[Ending, Death]:
    """Return how a worker died, and whether its trial may be to blame.

    CRASHED: it may be. LOST: it is not: Ray, an operator, or other processes' memory ended it.
    """
    if isinstance(error, RayTaskError):
        error = error.cause
    ending, death = _by_ray(error, known.pid)
    if ending is Ending.CRASHED and death.cause is not Cause.NODE:
        death = _observed(death, known)
    death = _with_figures(death, known.evidence)
    if death.cause.is_memory:
        is_own = _is_own_need(death, known)
        ending = Ending.CRASHED if is_own else Ending.LOST
        death = replace(death, is_own_need=is_own)
    return ending, death


def _by_ray(error: RayError, pid: int | None) -> tuple[Ending, Death]:
    text = str(error)
    if isinstance(error, OutOfMemoryError):
        return Ending.LOST, _by_monitor(text, pid)
    if isinstance(error, NodeDiedError) or "its node has died" in text:
        detail = "the node that its worker ran on died"
        return Ending.CRASHED, Death(cause=Cause.NODE, detail=detail)
    if isinstance(error, RayActorError):
        return _of_actor(error, text)
    return Ending.LOST, _lost(f"Ray lost it: {type(error).__name__}: {_first_line(text)}")


def _of_actor(error: RayActorError, text: str) -> tuple[Ending, Death]:
    if error.actor_init_failed:
        return Ending.LOST, _lost(f"no worker could be started: {_last_line(text)}")
    if error.preempted:
        detail = "the node that its worker ran on was taken away"
        return Ending.LOST, Death(cause=Cause.NODE, detail=detail)
    if "its owner has died" in text:
        return Ending.LOST, _lost("the dispatcher's Ray node died")
    if not isinstance(error, ActorDiedError) or "Worker exit type" not in text:
        return Ending.LOST, _lost(f"Ray lost its worker: {_last_line(text)}")
    found = _DETAIL.search(text)
    return Ending.CRASHED, _in_detail(_first_line(found[1]) if found else "")


def _in_detail(detail: str) -> Death:
    """Return the death that Ray's detail of a worker's exit describes."""
    if by := _BY_SIGNAL.search(detail):
        return Death(cause=Cause.SIGNAL, signal=by[1])
    if code := _BY_EXIT.search(detail):
        return Death(cause=Cause.EXIT, exit_code=int(code[1]))
    is_silent = not detail or _SILENT in detail
    said = " (killed, or crashed: SIGKILL, SIGSEGV, os._exit)" if is_silent else f": {detail}"
    return Death(cause=Cause.UNKNOWN, detail=f"{DIED}{said}")


def _lost(detail: str) -> Death:
    return Death(cause=Cause.RAY, detail=detail)


def _by_monitor(text: str, pid: int | None) -> Death:
    """Return the death by Ray's memory monitor, whose limit is a share of the node's memory."""
    victim = re.search(_VICTIM.format(pid=pid), text)
    peak = int(float(victim[1]) * _GIB) if victim else None
    if exact := _BYTES.search(text):
        used, total = int(exact[1]), int(exact[3])
    elif rounded := _MEMORY.search(text):
        used, total = (int(float(number) * _GIB) for number in rounded.groups())
    else:
        return Death(cause=Cause.RAY_MEMORY, signal="SIGKILL", peak_memory_bytes=peak)
    return Death(
        cause=Cause.RAY_MEMORY,
        signal="SIGKILL",
        peak_memory_bytes=peak,
        node_memory_bytes=total,
        node_used_bytes=used,
    )


def _observed(death: Death, known: Circumstances) -> Death:
    """Return the death with the signal or exit code that was observed, and the killer."""
    found = death
    if known.returncode is not None:
        by = signal_of(known.returncode)
        code = known.returncode if by is None else None
        cause = Cause.EXIT if by is None else Cause.SIGNAL
        found = Death(cause=cause, signal=by, exit_code=code)
    elif death.cause is Cause.UNKNOWN and known.evidence.signal is not None:
        found = Death(cause=Cause.SIGNAL, signal=known.evidence.signal)
    killer = known.evidence.killer
    may_be_killed = found.cause is Cause.UNKNOWN or found.signal == signal.SIGKILL.name
    if killer is not None and may_be_killed:
        return Death(cause=killer, signal=signal.SIGKILL.name)
    return found


def _with_figures(death: Death, evidence: Evidence) -> Death:
    """Return the death with the worker's and the node's memory, as far as they are known."""
    peaks = [n for n in (death.peak_memory_bytes, evidence.peak_bytes) if n is not None]
    death = replace(death, peak_memory_bytes=max(peaks, default=None))
    if death.node_memory_bytes is not None or evidence.node is None:
        return death
    node = evidence.node
    return replace(death, node_memory_bytes=node.total_bytes, node_used_bytes=node.used_bytes)


def _is_own_need(death: Death, known: Circumstances) -> bool | None:
    """Whether a worker was killed for its own memory, and not for that of other processes.

    If its peak is not known, what is in use without it says how much it took.
    """
    total, peak, left = death.node_memory_bytes, death.peak_memory_bytes, known.evidence.left_bytes
    if peak is not None and known.limit_bytes is not None and peak > known.limit_bytes:
        return True
    if total is None:
        return None
    if peak is None and left is not None:
        peak = total - left
    return None if peak is None else peak >= OWN_SHARE * total


def _first_line(text: str) -> str:
    return next(iter(text.strip().splitlines()), "")[:300]


def _last_line(text: str) -> str:
    return next(iter(reversed(text.strip().splitlines())), "")[:300]
