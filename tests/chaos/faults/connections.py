"""Connections to PostgreSQL that fall silent, are reset, or become slow."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from random import Random

from tests.chaos.deployment import Deployment, PostgresDeployment
from tests.chaos.faults.base import Fault, on_postgresql
from tests.chaos.proxy import Mode

HELD_S = 10.0
# If new connections work, the service recovers in this time after the old ones fell silent, s.
SILENT_LIMIT_S = 30.0


def _names(deployment: Deployment, rng: Random, *, is_one: bool) -> Sequence[str]:
    assert isinstance(deployment, PostgresDeployment)
    names = sorted(deployment.proxies)
    return [rng.choice(names)] if is_one else names


def hold(mode: Mode, deployment: Deployment, rng: Random, *, is_one: bool = False) -> str:
    """Put the connections of one service, or of all, into a mode for some seconds."""
    assert isinstance(deployment, PostgresDeployment)
    names = _names(deployment, rng, is_one=is_one)
    for name in names:
        deployment.proxies[name].mode = mode
    time.sleep(HELD_S)
    for name in names:
        deployment.proxies[name].mode = "pass"
    return f"{', '.join(names)} for {HELD_S:g} s"


def silence_open(deployment: Deployment, rng: Random) -> str:
    """Silence the open connections of all services for good; new ones work."""
    assert isinstance(deployment, PostgresDeployment)
    names = _names(deployment, rng, is_one=False)
    for name in names:
        deployment.proxies[name].set_open("silent")
    return ", ".join(names)


CONNECTIONS = (
    Fault("silent", partial(hold, "silent"), on_postgresql),
    Fault("one-silent", partial(hold, "silent", is_one=True), on_postgresql),
    Fault("open-silent", silence_open, on_postgresql, SILENT_LIMIT_S),
    Fault("dropped", partial(hold, "drop"), on_postgresql),
    Fault("slow", partial(hold, "delay"), on_postgresql),
)
