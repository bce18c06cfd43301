"""Metrics for Prometheus: requests as they are answered, the database's state at each scrape."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from service import clock
from service.errors import DeadlineError
from service.jobs import leases
from service.states import JobState, TrialState
from service.storage import deadlines, progress
from service.storage.answers import answers_in
from service.storage.database import Database

# How long a scrape waits for the database, s: scrapers time out after 10.
SCRAPE_S = 5.0
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """The metrics of one app, in a registry of their own."""

    def __init__(self, database: Database, lease_s: float) -> None:
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

    def observe(self, method: str, route: str, status: int, seconds: float | None) -> None:
        """Count an answered request; `seconds` is None for a stream."""
        # A client may send any word as its method; each would remain as a time series.
        method = method if method in METHODS else "other"
        self._requests.labels(method, route, str(status)).inc()
        if seconds is not None:
            self._seconds.labels(method, route).observe(seconds)


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
            jobs = progress.jobs_by_state(session)
            count = partial(progress.trials_by_state, session)
            trials = answers_in(session).lately("trials by state", count)
        alive = leases.alive(self._database, self._lease_s)
        by_state = GaugeMetricFamily("densearch_jobs", "Jobs by state.", labels=["state"])
        for job_state in JobState:
            by_state.add_metric([job_state], jobs.get(job_state, 0))
        yield by_state
        by_state = GaugeMetricFamily("densearch_trials", "Trials by state.", labels=["state"])
        for trial_state in TrialState:
            by_state.add_metric([trial_state], trials.get(trial_state, 0))
        yield by_state
        yield GaugeMetricFamily("densearch_dispatchers", "Live dispatchers.", value=len(alive))
        if alive:
            last = max(dispatcher.heartbeat_at for dispatcher in alive)
            yield GaugeMetricFamily(
                "densearch_dispatcher_heartbeat_age_seconds",
                "Seconds since the last heartbeat of any dispatcher.",
                value=max((clock.now() - last).total_seconds(), 0.0),
            )
