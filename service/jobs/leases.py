"""Dispatchers: their heartbeats and their leases on jobs and measurements.

A dispatcher holds a job until it releases it or sends no heartbeat for `lease_s`. A claim raises
the job's fence, and every write names owner and fence. A dispatcher that slept past its deadline
therefore gets `LeaseLostError` at its next write, and changes nothing.
"""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from sqlalchemy.orm import Session

from densearch.answers import FAILED_START
from service import start_failures
from service.records import Job, Json, RegisteredDispatcher
from service.storage import calibrations, dispatchers, jobs, shared_clock
from service.storage.database import Database

# The reason of a job that makes no progress without a dispatcher.
NO_DISPATCHER = (
    "no dispatcher is running: start `densearch dispatch` (`densearch serve` starts its own, "
    "which takes some seconds)"
)


def no_dispatcher(data_dir: Path) -> str:
    """Return why there is no dispatcher, with the reason of the last one that did not start."""
    failure = start_failures.last(data_dir)
    if failure is None:
        return NO_DISPATCHER
    return f"{FAILED_START}: {failure}"


def register(database: Database, n_workers: int, resources: Json) -> RegisteredDispatcher:
    """Store a new dispatcher process."""
    with database.write() as session:
        now = shared_clock.now(session)
        dispatcher = RegisteredDispatcher(
            id=f"{socket.gethostname()[:60]}-{os.getpid()}-{uuid4().hex[:8]}",
            host=socket.gethostname(),
            pid=os.getpid(),
            n_workers=n_workers,
            resources=resources,
            started_at=now,
            heartbeat_at=now,
        )
        dispatchers.put(session, dispatcher)
    return dispatcher


def heartbeat(database: Database, dispatcher: RegisteredDispatcher, lease_s: float) -> None:
    """Store a dispatcher's heartbeat, and extend its leases to `lease_s` seconds from now."""
    with database.write() as session:
        now = shared_clock.now(session)
        until = now + timedelta(seconds=lease_s)
        dispatchers.put(session, replace(dispatcher, heartbeat_at=now))
        dispatchers.remove_silent(session, now - timedelta(seconds=20 * lease_s))
        jobs.renew(session, dispatcher.id, until)
        calibrations.renew(session, dispatcher.id, until)


def claim(database: Database, dispatcher: RegisteredDispatcher, lease_s: float) -> list[Job]:
    """Lease every unfinished job that no dispatcher holds."""
    with database.write() as session:
        return jobs.claim(session, dispatcher.id, lease_s)


def release_dead(database: Database) -> None:
    """Release every lease of earlier dispatchers if they are known to be dead.

    On SQLite they are: this process holds the lock that allows one dispatcher for each file
    (`service.storage.locks`). On PostgreSQL others may be alive, and nothing is changed.
    """
    if not database.is_sqlite:
        return
    with database.write() as session:
        for dispatcher in dispatchers.every(session):
            _forget(session, dispatcher)


def resign(database: Database, dispatcher: RegisteredDispatcher) -> None:
    """Release every lease and remove the dispatcher: another one may continue at once."""
    with database.write() as session:
        _forget(session, dispatcher)


def _forget(session: Session, dispatcher: RegisteredDispatcher) -> None:
    """Release every lease of a dispatcher, and remove its row."""
    jobs.release(session, dispatcher.id)
    calibrations.release(session, dispatcher.id)
    dispatchers.remove(session, dispatcher.id)


def alive(database: Database, lease_s: float) -> list[RegisteredDispatcher]:
    """Return the dispatchers with a heartbeat within the last two lease times."""
    with database.read() as session:
        return dispatchers.alive(session, 2 * lease_s)
