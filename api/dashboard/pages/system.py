"""The page of the system: who works, what waits, how much room there is."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from service import clock, data_folder, start_failures
from service.jobs import leases
from service.records import RegisteredDispatcher
from service.settings import Settings
from service.states import JobState, TrialState
from service.storage import dispatchers, events, overview, progress, schema, sizes, webhooks
from service.storage.answers import answers_in
from service.storage.database import Database
from service.storage.overview import AtWork
from service.storage.sizes import Stored
from service.webhook_records import Webhook, WebhookDelivery

MOST_AT_WORK = 200
DELIVERIES_SHOWN = 10
PACKAGES = ("densearch-server", "torch", "ray", "nlopt", "optuna", "fastapi", "sqlalchemy")


@dataclass(frozen=True, slots=True)
class DispatcherLine:
    """A dispatcher, and whether its last heartbeat is recent."""

    record: RegisteredDispatcher
    is_alive: bool


@dataclass(frozen=True, slots=True)
class Room:
    """Free and whole space of the data directory's disk, bytes."""

    free: int
    total: int


@dataclass(frozen=True, slots=True)
class WebhookLine:
    """A webhook and the last messages to it.

    Attributes:
        host: Of its URL, the rest of which may hold a secret.
    """

    record: Webhook
    host: str
    n_waiting: int
    deliveries: Sequence[WebhookDelivery]


@dataclass(frozen=True, slots=True)
class SystemPage:
    """The state of the whole server.

    Attributes:
        at_work: Attempts that run now, at most `MOST_AT_WORK`.
        queued_since: Of the job that is QUEUED for longest.
        lack_of_data_dir: Why it cannot be used; None if it can.
        start_failure: Why the last dispatcher could not start; None once one has.
        room: None where the data directory cannot be read.
    """

    dispatchers: Sequence[DispatcherLine]
    no_dispatcher: str | None
    start_failure: str | None
    at_work: Sequence[AtWork]
    jobs: Mapping[JobState, int]
    trials: Mapping[TrialState, int]
    queued_since: datetime | None
    database: str
    revision: str | None
    needed: str
    database_bytes: int
    datasets: Stored
    artifacts: Stored
    room: Room | None
    data_dir: Path
    lack_of_data_dir: str | None
    versions: Mapping[str, str]
    webhooks: Sequence[WebhookLine]
    now: datetime

    @property
    def n_workers(self) -> int:
        """Trials of one CPU that the live dispatchers can run at once."""
        return sum(line.record.n_workers for line in self.dispatchers if line.is_alive)


def system_page(database: Database, settings: Settings) -> SystemPage:
    """Read the page."""
    with database.read() as session:
        known = dispatchers.every(session)
        alive = {one.id for one in dispatchers.alive(session, 2 * settings.lease_s)}
        count, lately = partial(progress.trials_by_state, session), answers_in(session).lately
        return SystemPage(
            dispatchers=[DispatcherLine(one, one.id in alive) for one in known],
            no_dispatcher=None if alive else leases.no_dispatcher(settings.data_dir),
            start_failure=start_failures.last(settings.data_dir),
            at_work=overview.at_work(session, MOST_AT_WORK),
            jobs=progress.jobs_by_state(session),
            trials=lately("trials by state", count),
            queued_since=events.queued_at(session),
            database=database.url.get_backend_name(),
            revision=schema.current(database),
            needed=schema.head(),
            database_bytes=sizes.database_bytes(session),
            datasets=lately("size of data sets", partial(sizes.datasets, session)),
            artifacts=lately("size of files", partial(sizes.artifacts, session)),
            room=_room(settings.data_dir),
            data_dir=settings.data_dir,
            lack_of_data_dir=data_folder.lack_of(settings.data_dir),
            versions=_versions(),
            webhooks=_webhooks(session),
            now=clock.now(),
        )


def _webhooks(session: Session) -> list[WebhookLine]:
    found = webhooks.every(session)
    waiting = webhooks.n_waiting(session, [one.id for one in found])
    return [
        WebhookLine(
            one,
            urlsplit(one.url).netloc,
            waiting[one.id],
            webhooks.deliveries(session, one.id, DELIVERIES_SHOWN),
        )
        for one in found
    ]


def _room(folder: Path) -> Room | None:
    with suppress(OSError):
        disk = shutil.disk_usage(folder)
        return Room(disk.free, disk.total)
    return None


@cache
def _versions() -> Mapping[str, str]:
    found = {}
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
