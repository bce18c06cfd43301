"""SIGSTOP for longer than the lease, then SIGCONT: the sleeper must change nothing."""

from __future__ import annotations

import signal
import time
from functools import partial
from random import Random

from tests.chaos.deployment import LEASE_S, Deployment
from tests.chaos.faults.base import Fault
from tests.chaos.faults.kills import pick, send

ASLEEP_S = 1.5 * LEASE_S


def sleep(role: str, deployment: Deployment, rng: Random) -> str:
    """Stop a process, and continue it when its lease has expired."""
    process = pick(deployment, role, rng)
    said = send([process], signal.SIGSTOP)
    time.sleep(ASLEEP_S)
    send([process], signal.SIGCONT)
    return said


SLEEPS = tuple(
    Fault(f"{role}-asleep", partial(sleep, role))
    for role in ("dispatcher", "api", "raylet", "worker")
)
