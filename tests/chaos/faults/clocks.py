"""Wall clocks that are set while the product runs."""

from __future__ import annotations

from functools import partial
from random import Random

from tests.chaos.deployment import Deployment
from tests.chaos.faults.base import Fault

HOUR_S = 3600.0


def step(seconds: float, deployment: Deployment, rng: Random) -> str:
    """Set the clock of one service; on PostgreSQL the others then disagree with it."""
    names = [service.name for service in deployment.services if service.name != "postgres"]
    name = rng.choice(names)
    file = deployment.clock_of(name)
    offset_s = (float(file.read_text()) if file.exists() else 0.0) + seconds
    part = file.with_suffix(".part")
    part.write_text(str(offset_s))
    part.replace(file)
    return f"{name} is off by {offset_s:+g} s"


CLOCKS = (
    Fault("clock-forward", partial(step, HOUR_S)),
    Fault("clock-back", partial(step, -HOUR_S)),
)
