"""The dispatcher: takes jobs by lease, steps their runs, and sends trials to the workers.

One loop in one thread; the heartbeat has another. Workers' messages are kept until the transaction
that records them has committed, so that an unreachable, locked or full database delays a job and
loses nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import structlog
from sqlalchemy.exc import SQLAlchemyError

from service.jobs import leases
from service.settings import Settings
from service.storage import jobs
from service.storage.database import Database
from service.storage.look_times import LookTimes
from service.storage.outages import OUTAGES, patiently
from service.storage.refusals import explain, refusal_of
from workers.asking.pool import AskingPool, limits_of
from workers.calibrator import Calibrator
from workers.heartbeat import Heartbeat
from workers.held_jobs import HeldJobs
from workers.inbox import Inbox
from workers.pulse import ClusterLostError
from workers.slots import WorkerShape
from workers.stepper import Stepper
from workers.watchdog import Watchdog
from workers.workforce import Workforce

LOG = structlog.get_logger(__name__)
RETRY_S = 1.0
# How often trainers outside are listened to.
TRAINERS_S = 0.1
# The jobs' `waits_for` when Ray is lost; the next dispatcher updates it.
LOST = "the Ray cluster has no workers: it died, and a dispatcher has to join or start one again"


class Dispatcher:
    """See the module.

    Args:
        settings: Intervals, limits and the data directory.
        database: Holds the jobs and their results.
        cluster: Runs the trials.
        stop: Ends `run` when it is set.

    Attributes:
        cluster: Runs the trials.
        me: This dispatcher as the database knows it.
        held: Its jobs.
        inbox: Messages of the workers that no transaction has recorded yet.
        asking: Answers for costly samplers.
        heartbeat: Keeps the leases.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        cluster: Workforce,
        stop: threading.Event | None = None,
    ) -> None:
        self._settings, self._database, self.cluster = settings, database, cluster
        self._counted_at = 0.0
        poll_s = settings.poll_s
        self._job_looks = LookTimes(database, poll_s, poll_s)
        self._trainer_looks = LookTimes(database, min(TRAINERS_S, poll_s))
        self._stop = stop if stop is not None else threading.Event()
        self._is_lost = False
        self._trouble: str | None = None
        n_workers, resources = cluster.capacity(WorkerShape(1.0, 0.0)), cluster.resources()
        self.me = patiently(
            lambda: leases.register(database, n_workers, resources), "the new dispatcher's row"
        )
        self.inbox = Inbox(settings.data_dir)
        self.asking = AskingPool(*limits_of(settings))
        self._watchdog = Watchdog(settings.lease_s)
        self.heartbeat = Heartbeat(database, lambda: self.me, settings.lease_s, self._watchdog)
        self._calibrator = Calibrator(settings, database, cluster, self.me)
        self.held = HeldJobs(settings, database, cluster, self.inbox, self.asking, self._watchdog)
        self._stepper = Stepper(
            settings.data_dir,
            database,
            cluster,
            self.held,
            self.inbox,
            self.asking,
            self._calibrator,
        )

    def run(self, is_orphaned: Callable[[], bool] = lambda: False) -> None:
        """Work until `stop` is set, or until `is_orphaned`; then release the jobs.

        Raises:
            ClusterLostError: Ray is dead or hangs; the leases were given back.
        """
        LOG.info("dispatcher ready", id=self.me.id, **self.cluster.resources())
        with self._watchdog:
            try:
                with self.heartbeat:
                    while not self._stop.is_set() and not is_orphaned():
                        self.turn_or_wait()
            except ClusterLostError as error:
                LOG.error("the Ray cluster is lost; ending", reason=str(error))  # noqa: TRY400 - the cause is one line
                self._is_lost = True
                if not is_orphaned():  # else Ray ended with the parent: no trial caused it
                    self._record_losses(error)
                raise
            finally:
                self.resign()

    def turn_or_wait(self) -> None:
        """Take a turn; if the database or the disk refuses, log it once and wait."""
        self._watchdog.mark()
        try:
            self.turn()
        except OUTAGES as error:
            self._complain("the database refused; trying again", error)
        except OSError as error:
            self._complain("the disk refused; trying again", error)
        except MemoryError as error:
            self._complain("there was not enough memory; trying again", error)
        else:
            if self._trouble is not None:
                LOG.info("database and disk work again")
            self._trouble = None

    def _complain(self, event: str, error: Exception) -> None:
        refusal = refusal_of(error)
        trouble = str(refusal or error)
        if trouble != self._trouble:
            LOG.error(event, error=str(getattr(error, "orig", error)), reason=explain(error))
        self._trouble = trouble
        self._job_looks.repeat()
        self._trainer_looks.repeat()
        self._stop.wait(RETRY_S)

    def _record_losses(self, lost: ClusterLostError) -> None:
        """Record the attempts that died with the cluster, since a trial's deaths are limited."""
        for assignment, message in self.cluster.abandon(lost):
            self.inbox.put(assignment, message)
        try:
            self._calibrator.abandon(lost)
        except OUTAGES as error:
            LOG.warning("the end of a measurement was not recorded", error=str(error))
        for job_id, run in self.held.runs.items():
            try:
                self._stepper.record(run)
            except Exception as error:  # noqa: BLE001 - the next dispatcher records them as lost
                LOG.warning("lost attempts were not recorded", job=job_id, error=str(error))

    def resign(self) -> None:
        """Release the leases, so that another dispatcher continues at once; leave the cluster."""
        self.asking.stop()
        try:
            if self._is_lost:
                self._note_loss()
        except Exception as error:  # noqa: BLE001 - the leases must be released in any case
            LOG.warning("the reason why jobs wait was not stored", error=str(error))
        try:
            leases.resign(self._database, self.me)
        except SQLAlchemyError:
            LOG.warning("leases could not be released; they expire by themselves")
        if not self._is_lost:  # leaving a dead cluster may block for ever
            self.cluster.stop()

    def _note_loss(self) -> None:
        """Store in this dispatcher's jobs that they wait for a cluster."""
        with self._database.write() as session:
            for job_id in jobs.held(session, self.me.id):
                jobs.set_waits_for(session, job_id, LOST)

    # One turn

    def turn(self, *, looks: bool | None = None) -> None:
        """Hear the workers and the samplers, look for changes of jobs, and step the runs.

        Args:
            looks: Whether to look for jobs and measurements in the database; by default every
                `poll_s` seconds, and on SQLite only if somebody has written. Without the default
                trainers are heard in any case.

        Raises:
            ClusterLostError: Ray is dead or hangs.
            Exception: The database or the disk refused; nothing is lost, and a later turn
                continues.
        """
        self.cluster.check()
        self._collect(self._timeout_s())
        self._hear()
        if looks is not None or self._trainer_looks.is_due():
            self._hear_trainers()
        now = time.monotonic()
        if now - self._counted_at > self._settings.lease_s / 3:
            self.count_workers()
            self._counted_at = now
        is_due = self._job_looks.is_due() or self.held.has_closed
        if is_due if looks is None else looks:
            self._look()
        self._calibrator.turn(trials_wait=self.held.want_workers)
        for job_id in list(self.held.runs):
            self._watchdog.mark()
            self._stepper.step(job_id)
        self.inbox.keep_strays(self._database, self.held.ids)

    def _look(self) -> None:
        self.held.look(self.me)
        if self._calibrator.look():  # runs that wait for a measurement look at its result
            self.held.touch({i for i, run in self.held.runs.items() if run.needs.is_unsized})
        self.cluster.share()

    def count_workers(self) -> None:
        """Update the cluster's resources, which estimates use: workers join and leave."""
        before, n_workers = self.me, self.cluster.capacity(WorkerShape(1.0, 0.0))
        self.me = replace(before, n_workers=n_workers, resources=self.cluster.resources())
        if self.me != before:
            self.heartbeat.hurry()
            self.held.touch(self.held.runs.keys())  # their `waits_for` may have changed

    def _timeout_s(self) -> float:
        if self.held.has_news:
            return 0.0
        longest = TRAINERS_S if self.held.has_trainers else self._settings.poll_s
        return self.asking.wait_s(min(longest, self._settings.poll_s))

    def _hear_trainers(self) -> None:
        if self.held.hear_trainers():
            self._trainer_looks.note_news()

    def _hear(self) -> None:
        """Mark the runs whose samplers have answered: they take another step."""
        answered = self.asking.answered() & self.held.runs.keys()
        for job_id in answered:
            self.held.runs[job_id].has_guesses = True
        self.held.touch(answered)

    def _collect(self, timeout_s: float) -> None:
        if not self.cluster.in_hand():
            self._stop.wait(timeout_s)
            return
        for assignment, message in self.cluster.poll(timeout_s):
            self.inbox.put(assignment, message)
