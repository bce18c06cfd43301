"""Classifies Ray's errors of attempts without a result: the kind of end, and the cause.

Ray's messages are kilobytes long and list other processes of the machine: one sentence is kept.
"""

from __future__ import annotations

import re

from ray.exceptions import (
    ActorDiedError,
    NodeDiedError,
    OutOfMemoryError,
    RayActorError,
    RayError,
    RayTaskError,
)

from service.orchestration.messages import Ending

# Prefix of the errors of attempts and measurements whose worker died.
DIED = "the worker process died"
MAX_CHARS = 4_000
_MEMORY = re.compile(r"was (\S+) used / (\S+) limit")
_DETAIL = re.compile(r"Worker exit detail: (.*?)(?:\s*Some common causes|$)", re.DOTALL)
_SILENT = "connection error code 2"


def cause_of(error: RayError) -> tuple[Ending, str]:
    """Return the kind of an attempt's end, and its cause.

    ERROR: the worker's or the trial's code raised. LOST: Ray, its memory monitor or an operator
    ended it. CRASHED: its worker or its node died, possibly because of the trial.
    """
    text = str(error)
    if isinstance(error, RayTaskError):
        return Ending.ERROR, text[-MAX_CHARS:]
    if isinstance(error, OutOfMemoryError):
        return Ending.LOST, _out_of_memory(text)
    if isinstance(error, NodeDiedError) or "its node has died" in text:
        return Ending.CRASHED, "the node that its worker ran on died"
    if isinstance(error, RayActorError):
        return _death_of_actor(error, text)
    return Ending.LOST, f"Ray lost it: {type(error).__name__}: {_first_line(text)}"


def _death_of_actor(error: RayActorError, text: str) -> tuple[Ending, str]:
    if error.actor_init_failed:
        return Ending.LOST, f"no worker could be started: {_last_line(text)}"
    if error.preempted:
        return Ending.LOST, "the node that its worker ran on was taken away"
    if "its owner has died" in text:
        return Ending.LOST, "the dispatcher's Ray node died"
    if not isinstance(error, ActorDiedError) or "Worker exit type" not in text:
        return Ending.LOST, f"Ray lost its worker: {_last_line(text)}"
    detail = _DETAIL.search(text)
    if detail is None or _SILENT in detail[1]:
        return Ending.CRASHED, f"{DIED} (killed, or crashed: SIGKILL, SIGSEGV, os._exit)"
    return Ending.CRASHED, f"{DIED}: {_first_line(detail[1])}"


def _out_of_memory(text: str) -> str:
    used = _MEMORY.search(text)
    had = f": {used[1]} of {used[2]} were in use on its node" if used else ""
    return f"Ray's memory monitor killed the worker{had}"


def _first_line(text: str) -> str:
    return next(iter(text.strip().splitlines()), "")[:300]


def _last_line(text: str) -> str:
    return next(iter(reversed(text.strip().splitlines())), "")[:300]
