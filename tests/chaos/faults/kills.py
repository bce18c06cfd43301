"""kill -9: of one process, of several at the same moment, of one while another is replaced."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from random import Random

import psutil  # type: ignore[import-untyped]

from tests.chaos import services
from tests.chaos.deployment import Deployment
from tests.chaos.faults.base import Fault, NothingToStrikeError, on_postgresql
from tests.chaos.roles import role_of

# How long to wait for a process that is just being started, s.
PATIENCE_S = 60.0
# A costly sampler's process lives only while it is asked.
SAMPLER_PATIENCE_S = 2.0
# The roles that pairs and triples are drawn from.
TOGETHER = ("dispatcher", "worker", "raylet", "gcs", "api")
WHILE_RESTARTING_S = (0.2, 8.0)


def pick(deployment: Deployment, role: str, rng: Random) -> psutil.Process:
    """Return one living process of a role, waiting for it where it is being started.

    Raises:
        NothingToStrikeError: There is none, and none is required.
        LookupError: There is none, but one is required.
    """
    is_needed = role != "sampler"
    deadline = time.monotonic() + (PATIENCE_S if is_needed else SAMPLER_PATIENCE_S)
    while not (found := deployment.processes(role)):
        if time.monotonic() > deadline:
            kind = LookupError if is_needed else NothingToStrikeError
            raise kind(f"no process is a {role}")
        time.sleep(0.05)
    return rng.choice(found)


def send(processes: Sequence[psutil.Process], number: int) -> str:
    """Send a signal to processes, all at once, and return which."""
    said = ", ".join(f"{role_of(process)} {process.pid}" for process in processes)
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)
    return said


def kill(roles: Sequence[str], deployment: Deployment, rng: Random) -> str:
    """Kill one process of each role at the same moment."""
    return send([pick(deployment, role, rng) for role in roles], signal.SIGKILL)


def kill_several(n: int, deployment: Deployment, rng: Random) -> str:
    """Kill processes of several roles at the same moment."""
    roles = [*TOGETHER, *(["postgres"] if deployment.database == "postgresql" else [])]
    return kill(rng.sample(roles, n), deployment, rng)


def kill_all(deployment: Deployment, rng: Random) -> str:  # noqa: ARG001 - as the others
    """Kill all processes of the product, as a power cut does."""
    processes = [p for p in services.descendants() if role_of(p) not in ("postgres", "backend")]
    send(processes, signal.SIGKILL)
    return f"{len(processes)} processes"


def kill_twice(deployment: Deployment, rng: Random) -> str:
    """Kill a dispatcher, and its successor at a random moment of its start."""
    first = kill(["dispatcher"], deployment, rng)
    time.sleep(rng.uniform(*WHILE_RESTARTING_S))
    return f"{first}, then {kill(['dispatcher'], deployment, rng)}"


SINGLE = ("worker", "dispatcher", "raylet", "gcs", "agent", "sampler", "api")
KILLS = (
    *(Fault(role, partial(kill, [role])) for role in SINGLE),
    Fault("supervisor", partial(kill, ["supervisor"]), on_postgresql),
    Fault("tree", kill_all),
    Fault("pair", partial(kill_several, 2)),
    Fault("triple", partial(kill_several, 3)),
    Fault("successor", kill_twice),
    Fault("postgres", partial(kill, ["postgres"]), on_postgresql),
    Fault("backend", partial(kill, ["backend"]), on_postgresql),
)
