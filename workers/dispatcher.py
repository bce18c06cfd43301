"""The dispatcher: takes jobs by lease, steps their runs, and sends trials to the workers.

One loop in one thread; the heartbeat has another. Workers' messages are kept until the transaction
that records them has committed, so that an unreachable, locked or full database delays a job and
loses nothing.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Set
from contextlib import suppress
from dataclasses import replace
from types import FrameType

import structlog
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from service.costs.prices import prices_of
from service.errors import LeaseLostError, NotFoundError
from service.jobs import artifact_files, leases
from service.jobs import commands as use_cases
from service.orchestration import step
from service.orchestration.messages import Assignment, packs_of
from service.orchestration.run import Run
from service.records import Job
from service.report import statistics
from service.settings import Settings
from service.states import JobState
from service.storage import jobs
from service.storage.database import Database
from service.storage.refusals import Refusal, explain, refusal_of
from workers.asking.pool import AskingPool, limits_of
from workers.asking.remote import maker
from workers.calibrator import Calibrator
from workers.cluster import Cluster
from workers.heartbeat import Heartbeat
from workers.inbox import Inbox
from workers.pulse import ClusterLostError
from workers.slots import WorkerShape, shape_of
from workers.watchdog import Watchdog

LOG = structlog.get_logger(__name__)
RETRY_S = 1.0
# Errors that end no job: they are raised again, and the loop retries later.
OUTAGES = (DBAPIError, PoolTimeoutError, OSError)
MEMORY_REST_S = 60.0  # pause of a job whose step ran out of memory; the other jobs continue
# The jobs' `waits_for` when Ray is lost; the next dispatcher updates it.
LOST = "the Ray cluster has no workers: it died, and a dispatcher has to join or start one again"


class Dispatcher:
    """See the module.

    Args:
        settings: Intervals, limits and the data directory.
        database: Holds the jobs and their results.
        cluster: Runs the trials.
    """

    def __init__(self, settings: Settings, database: Database, cluster: Cluster) -> None:
        self._settings = settings
        self._database = database
        self._cluster = cluster
        self._runs: dict[int, Run] = {}
        self._inbox = Inbox(settings.data_dir)
        self._known: Set[int] = frozenset()
        self._touched: set[int] = set()
        # Jobs whose last transaction exceeded its time limit: their next one has no limit.
        self._slow: set[int] = set()
        self._rests_until: dict[int, float] = {}
        # Jobs that an outage stopped are skipped once: if only their rows cannot be read, the
        # other jobs continue in that turn.
        self._passed_over: set[int] = set()
        self._counted_at = 0.0
        self._looked_at = 0.0
        self._stop = threading.Event()
        self._is_lost = False
        self._me = leases.register(
            database, cluster.capacity(WorkerShape(1.0, 0.0)), cluster.resources()
        )
        self._calibrator = Calibrator(settings, database, cluster, self._me)
        self._asking = AskingPool(*limits_of(settings))
        self._watchdog = Watchdog(settings.lease_s)
        self._heartbeat = Heartbeat(database, lambda: self._me, settings.lease_s, self._watchdog)
        self._trouble: str | None = None

    def run(self, is_orphaned: Callable[[], bool] = lambda: False) -> None:
        """Work until SIGTERM or SIGINT, or until `is_orphaned`.

        Raises:
            ClusterLostError: Ray is dead or hangs; the leases were given back.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        LOG.info("dispatcher ready", id=self._me.id, **self._cluster.resources())
        with self._watchdog:
            try:
                with self._heartbeat:
                    while not self._stop.is_set() and not is_orphaned():
                        self._try_turn()
            except ClusterLostError as error:
                LOG.error("the Ray cluster is lost; ending", reason=str(error))  # noqa: TRY400 - the cause is one line
                self._is_lost = True
                if not is_orphaned():  # else Ray ended with the parent: no trial caused it
                    self._record_losses(error)
                raise
            finally:
                self._resign()

    def _try_turn(self) -> None:
        """Take a turn; if the database or the disk refuses, log it once and wait."""
        self._watchdog.mark()
        try:
            self._turn()
        except (DBAPIError, PoolTimeoutError) as error:
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
        self._stop.wait(RETRY_S)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        LOG.info("stopping", signal=signal.Signals(number).name)
        self._stop.set()

    def _record_losses(self, lost: ClusterLostError) -> None:
        """Record the attempts that died with the cluster, since a trial's deaths are limited."""
        for assignment, message in self._cluster.abandon(lost):
            self._inbox.put(assignment, message)
        try:
            self._calibrator.abandon(lost)
        except DBAPIError as error:
            LOG.warning("the end of a measurement was not recorded", error=str(error))
        for job_id, run in self._runs.items():
            try:
                if self._inbox.has(job_id):
                    self._transact(run, 0, may_speculate=False)
            except Exception as error:  # noqa: BLE001 - the next dispatcher records them as lost
                LOG.warning("lost attempts were not recorded", job=job_id, error=str(error))

    def _resign(self) -> None:
        """Release the leases, so that another dispatcher continues at once; leave the cluster."""
        self._asking.stop()
        try:
            if self._is_lost:
                self._note_loss()
        except Exception as error:  # noqa: BLE001 - the leases must be released in any case
            LOG.warning("the reason why jobs wait was not stored", error=str(error))
        try:
            leases.resign(self._database, self._me)
        except SQLAlchemyError:
            LOG.warning("leases could not be released; they expire by themselves")
        if not self._is_lost:  # leaving a dead cluster may block for ever
            self._cluster.stop()

    def _note_loss(self) -> None:
        """Store in this dispatcher's jobs that they wait for a cluster."""
        with self._database.write() as session:
            for job_id in jobs.held(session, self._me.id):
                jobs.set_waits_for(session, job_id, LOST)

    # One turn

    def _turn(self) -> None:
        self._cluster.check()
        self._collect(self._timeout_s())
        self._hear()
        now = time.monotonic()
        if now - self._counted_at > self._settings.lease_s / 3:
            self._count_workers()
            self._counted_at = now
        if now - self._looked_at > self._settings.poll_s:
            self._look()
            if self._calibrator.look():  # runs that wait for a measurement look at its result
                self._touched |= {i for i, run in self._runs.items() if run.needs.is_unsized}
            self._cluster.share()
            self._looked_at = now
        self._calibrator.turn(trials_wait=any(r.needs.wants_workers for r in self._runs.values()))
        for job_id in list(self._runs):
            self._watchdog.mark()
            self._step(job_id)
        self._inbox.keep_strays(self._database, self._runs.keys() | self._known)

    def _count_workers(self) -> None:
        """Update the cluster's resources, which estimates use: workers join and leave."""
        before, n_workers = self._me, self._cluster.capacity(WorkerShape(1.0, 0.0))
        self._me = replace(before, n_workers=n_workers, resources=self._cluster.resources())
        if self._me != before:
            self._heartbeat.hurry()
            self._touched |= self._runs.keys()  # their `waits_for` may have changed

    def _timeout_s(self) -> float:
        if self._touched & self._runs.keys() or any(
            run.needs.has_more for run in self._runs.values()
        ):
            return 0.0
        return self._asking.wait_s(self._settings.poll_s)

    def _hear(self) -> None:
        """Mark the runs whose samplers have answered: they take another step."""
        for job_id in self._asking.answered() & self._runs.keys():
            self._runs[job_id].has_guesses = True
            self._touched.add(job_id)

    def _collect(self, timeout_s: float) -> None:
        if not self._cluster.in_hand():
            self._stop.wait(timeout_s)
            return
        for assignment, message in self._cluster.poll(timeout_s):
            self._inbox.put(assignment, message)

    # Which jobs

    def _look(self) -> None:
        """Claim jobs that wait for a dispatcher, and note users' changes to the present ones."""
        with self._database.read() as session:
            standings = jobs.standings(session)
        if any(standing.is_claimable for standing in standings):
            self._claim()
            with self._database.read() as session:
                standings = jobs.standings(session)
        mine = {s.id: s for s in standings if s.lease_owner == self._me.id}
        self._touched |= {job_id for job_id, s in mine.items() if self._is_news(s)}
        self._known = mine.keys()
        for job_id in self._runs.keys() - mine.keys():
            self._drop(job_id)
        now = time.monotonic()
        passed_over, self._passed_over = self._passed_over, set()
        for job_id in mine.keys() - self._runs.keys() - passed_over:
            if now >= self._rests_until.get(job_id, 0.0):
                self._reopen(job_id)

    def _is_news(self, standing: jobs.JobStanding) -> bool:
        """Whether a job's state differs from its last step's, also if it was paused in between."""
        run = self._runs.get(standing.id)
        seen = (standing.state, standing.waits_for)
        return run is not None and (run.job.state, run.job.waits_for) != seen

    def _claim(self) -> None:
        for job in leases.claim(self._database, self._me, self._settings.lease_s):
            LOG.info("job taken", job=job.id, state=job.state, fence=job.lease_fence)
            self._open(job)

    def _reopen(self, job_id: int) -> None:
        """Rebuild a run from the log, after a step that failed."""
        try:
            with self._database.read() as session:
                job = jobs.get(session, job_id)
        except NotFoundError:  # deleted just now
            return
        self._open(job)

    def _open(self, job: Job) -> None:
        """Build a job's run from its log; its running attempts continue.

        There are some after a step that failed, or after a sleep longer than the lease.
        """
        self._watchdog.mark()
        self._runs.pop(job.id, None)  # of the expired lease: its fence is no longer valid
        self._asking.drop(job.id)
        try:
            self._runs[job.id] = step.open_run(
                self._database,
                job,
                max_attempts=self._settings.max_attempts,
                in_hand=self._in_hand_of(job.id) | self._inbox.attempts_of(job.id),
                prices=prices_of(self._settings),
                is_patient=job.id in self._slow,
                make=maker(self._asking, job.id),
            )
        except LeaseLostError:
            return
        except Exception as error:  # noqa: BLE001 - such as a spec that this version rejects
            self._give_up(job, error)
        else:
            self._touched.add(job.id)

    def _drop(self, job_id: int) -> None:
        """Drop a job that ended or went to another dispatcher, and cancel its attempts."""
        self._runs.pop(job_id, None)
        self._known -= {job_id}
        self._touched.discard(job_id)
        self._asking.drop(job_id)
        self._cluster.cancel(self._in_hand_of(job_id))

    def _in_hand_of(self, job_id: int) -> set[int]:
        return {i for i, a in self._cluster.in_hand().items() if a.job_id == job_id}

    # One job

    def _step(self, job_id: int) -> None:
        run, needs = self._runs[job_id], self._runs[job_id].needs
        shape = shape_of(run.spec.resources)
        n_free = self._cluster.n_free(shape, self._calibrator.held)
        is_idle = n_free > 0 and not self._others_wait(job_id)
        wants = needs.wants_workers or (is_idle and needs.wants_idle_workers)
        is_due = job_id in self._touched or needs.has_more or run.is_overdue or (n_free and wants)
        if not is_due and not self._inbox.has(job_id):
            return
        try:
            assignments = self._transact(run, n_free, may_speculate=is_idle)
        except LeaseLostError:
            LOG.warning("job went to another dispatcher", job=job_id)
            self._drop(job_id)
        except Exception as error:  # noqa: BLE001 - one job's bug must not stop the others
            del self._runs[job_id]  # it may hold state that was never written
            self._asking.drop(job_id)
            self._give_up(run.job, error)
        else:
            self._settle(job_id, run, assignments, shape)

    def _others_wait(self, job_id: int) -> bool:
        """Whether another job has, or may have, trials that need the remaining workers."""
        others = [run for other, run in self._runs.items() if other != job_id]
        waiting = [run for run in others if run.needs.wants_workers or run.job.id in self._touched]
        return any(self._cluster.capacity(shape_of(run.spec.resources)) for run in waiting)

    def _transact(self, run: Run, n_free: int, *, may_speculate: bool) -> list[Assignment]:
        # Artifact files, also shared ones, are not removed until their rows are committed.
        with artifact_files.held(self._settings.data_dir):
            return self._transact_held(run, n_free, may_speculate=may_speculate)

    def _transact_held(self, run: Run, n_free: int, *, may_speculate: bool) -> list[Assignment]:
        updates = self._inbox.updates_of(run.job.id)
        busy = {a.digest for a in self._cluster.in_hand().values() if a.job_id != run.job.id}
        step.prepare(run)
        with self._database.write(is_patient=run.job.id in self._slow) as session:
            given = (updates, n_free, busy)
            assignments = step.take(session, run, *given, may_speculate=may_speculate)
            is_idle = not assignments and not self._in_hand_of(run.job.id)
            reason = self._why(run) if is_idle else None
            if reason != run.job.waits_for:
                run.job = jobs.set_waits_for(session, run.job.id, reason)
        return assignments

    def _settle(
        self, job_id: int, run: Run, assignments: list[Assignment], shape: WorkerShape
    ) -> None:
        """Start and cancel attempts after a committed step."""
        self._inbox.forget(job_id)
        self._touched.discard(job_id)
        self._slow.discard(job_id)
        for pack in packs_of(assignments):
            self._cluster.place(shape, pack)
        # Trials that are no longer needed, such as speculative ones of a search that has ended.
        self._cluster.cancel(self._in_hand_of(job_id) - run.live.keys())
        if run.job.state is JobState.PAUSED:
            self._asking.drop(job_id)
        if run.job.state is JobState.EVALUATING:
            statistics.prepare()
        if run.job.state.is_final:
            LOG.info("job ended", job=job_id, state=run.job.state)
            self._drop(job_id)

    def _why(self, run: Run) -> str | None:
        """Return why no trial of a run is running."""
        if not (run.needs.is_unsized or run.needs.wants_workers):
            return None
        shape = shape_of(run.spec.resources)
        if self._cluster.capacity(shape) == 0:
            return self._cluster.lack_of(shape)
        if run.needs.is_unsized:
            return "how many candidates a worker trains best at once is being measured"
        return "all workers are busy with other jobs"

    def _give_up(self, job: Job, error: Exception) -> None:
        """Fail a job for an error that concerns it alone; raise an outage again.

        A job that ran out of memory waits. Content that the database rejects (DataError,
        IntegrityError) is no outage: it would be rejected again.
        """
        if refusal_of(error) is Refusal.SLOW:
            self._slow.add(job.id)
        if isinstance(error, OUTAGES) and not isinstance(error, (DataError, IntegrityError)):
            self._passed_over.add(job.id)
            raise error
        if isinstance(error, MemoryError):  # the workers' messages are kept
            LOG.error("not enough memory for a job; trying again later", job=job.id)
            self._rests_until[job.id] = time.monotonic() + MEMORY_REST_S
            return
        LOG.error("job failed", job=job.id, exc_info=error)
        with suppress(LeaseLostError):
            use_cases.fail(self._database, job, error)
        self._drop(job.id)
