"""The type of a fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.chaos.deployment import Deployment
from tests.chaos.disks import may_mount

# After any fault trials end again within a minute.
LIMIT_S = 60.0


def anywhere(_: type[Deployment]) -> str | None:
    """Return no objection: the fault can strike any deployment."""
    return None


def on_postgresql(deployment: type[Deployment]) -> str | None:
    """Say why a fault of PostgreSQL cannot strike."""
    return None if deployment.database == "postgresql" else "needs --database postgresql"


def on_sqlite(deployment: type[Deployment]) -> str | None:
    """Say why a fault of SQLite cannot strike."""
    return None if deployment.database == "sqlite" else "needs --database sqlite"


def on_own_disk(deployment: type[Deployment]) -> str | None:
    """Say why no disk can be mounted."""
    return on_sqlite(deployment) or (None if may_mount() else "needs the right to mount a disk")


class NothingToStrikeError(LookupError):
    """There is no such process now, and need not be."""


@dataclass(frozen=True)
class Fault:
    """A fault, which is over when `strike` returns.

    Attributes:
        name: Its name on the command line.
        strike: Injects it and returns the struck processes, for the log.
        lack: Returns why it cannot strike a kind of deployment, or None.
        limit_s: Within this time a trial that began after it must have ended.
    """

    name: str
    strike: Callable[[Deployment, Random], str]
    lack: Callable[[type[Deployment]], str | None] = anywhere
    limit_s: float = LIMIT_S
