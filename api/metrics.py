"""Metrics for Prometheus: requests as they are answered, the rest's state at each scrape.

deploy/prometheus has alert rules for them, deploy/grafana a dashboard.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from service import clock, start_failures
from service.errors import DeadlineError
from service.jobs import leases
from service.states import JobState, TrialState
from service.storage import deadlines, events, jobs, progress
from service.storage.answers import answers_in
from service.storage.database import Database

# How long a scrape waits for the database, s: scrapers time out after 10.
SCRAPE_S = 5.0
# States in which a dispatcher should hold the job.
HELD = frozenset(jobs.WORKING) - {JobState.PAUSED}
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """The metrics of one app, in a registry of their own."""

    def __init__(self, database: Database, lease_s: float, data_dir: Path) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "densearch_requests",
            "Requests answered.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "densearch_request_seconds",
            "Time to answer; streams are not counted.",
            ["method", "route"],
            registry=self.registry,
        )
        self.registry.register(_Stored(database, lease_s))
        self.registry.register(_Directory(data_dir))

    def observe(self, method: str, route: str, status: int, seconds: float | None) -> None:
        """Count an answered request; `seconds` is None for a stream."""
        # A client may send any word as its method; each would remain as a time series.
        method = method if method in METHODS else "other"
        self._requests.labels(method, route, str(status)).inc()
        if seconds is not None:
            self._seconds.labels(method, route).observe(seconds)


class _Directory(Collector):
    """Metrics of the data directory, also while there is no database."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir

    def collect(self) -> Iterator[Metric]:
        """Yield the disk's space, and whether the last start of a dispatcher failed."""
        with suppress(OSError):
            disk = shutil.disk_usage(self._data_dir)
            yield _gauge(
                "data_dir_free_bytes",
                "Free space of the data directory's disk.",
                disk.free,
            )
            yield _gauge("data_dir_size_bytes", "Size of the data directory's disk.", disk.total)
        yield _gauge(
            "dispatcher_start_failed",
            "1 after a start of a dispatcher that failed, until one has started.",
            start_failures.last(self._data_dir) is not None,
        )


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(f"densearch_{name}", meaning, value=value)


class _Stored(Collector):
    """Metrics that are read from the database at each scrape."""

    def __init__(self, database: Database, lease_s: float) -> None:
        self._database, self._lease_s = database, lease_s

    def describe(self) -> list[Metric]:
        """Return nothing, so that registering does not query the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield jobs and trials by state and the dispatchers' heartbeat."""
        up = GaugeMetricFamily("densearch_database_up", "1 when the database answers.")
        try:
            with deadlines.within(SCRAPE_S):
                found = list(self._found())
        except (SQLAlchemyError, DeadlineError):
            up.add_metric([], 0)
        else:
            up.add_metric([], 1)
            yield from found
        yield up

    def _found(self) -> Iterator[Metric]:
        with self._database.read() as session:
            counts = progress.jobs_by_state(session)
            unfinished = jobs.standings(session)
            queued_at = events.queued_at(session)
            count = partial(progress.trials_by_state, session)
            trials = answers_in(session).lately("trials by state", count)
        alive = leases.alive(self._database, self._lease_s)
        by_state = GaugeMetricFamily("densearch_jobs", "Jobs by state.", labels=["state"])
        for job_state in JobState:
            by_state.add_metric([job_state], counts.get(job_state, 0))
        yield by_state
        by_state = GaugeMetricFamily("densearch_trials", "Trials by state.", labels=["state"])
        for trial_state in TrialState:
            by_state.add_metric([trial_state], trials.get(trial_state, 0))
        yield by_state
        unheld = [job for job in unfinished if job.is_claimable and job.state in HELD]
        yield _gauge("unheld_jobs", "Unfinished jobs that no dispatcher holds.", len(unheld))
        blocked = [job for job in unfinished if job.waits_for and job.state in HELD]
        yield _gauge("blocked_jobs", "Unfinished jobs that make no progress.", len(blocked))
        yield _gauge(
            "queue_age_seconds",
            "Seconds for which a job has been QUEUED, the largest; 0 without one.",
            _age_s(queued_at) if queued_at is not None else 0.0,
        )
        yield _gauge("dispatchers", "Live dispatchers.", len(alive))
        yield _gauge(
            "workers",
            "Trials of one CPU that live dispatchers can run at once.",
            sum(dispatcher.n_workers for dispatcher in alive),
        )
        if alive:
            yield _gauge(
                "dispatcher_heartbeat_age_seconds",
                "Seconds since the last heartbeat of any dispatcher.",
                _age_s(max(dispatcher.heartbeat_at for dispatcher in alive)),
            )


def _age_s(since: datetime) -> float:
    return max((clock.now() - since).total_seconds(), 0.0)
