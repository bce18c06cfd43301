"""The jobs that a dispatcher holds: claimed by lease, opened as runs, dropped, given up."""

from __future__ import annotations

import time
from collections.abc import Set
from contextlib import suppress

import structlog
from sqlalchemy.exc import DataError, IntegrityError

from service.costs.prices import prices_of
from service.errors import LeaseLostError, NotFoundError
from service.jobs import commands, leases
from service.orchestration import step
from service.orchestration.run import Run
from service.records import Job, RegisteredDispatcher
from service.settings import Settings
from service.storage import jobs, shared_clock, trainers
from service.storage.database import Database
from service.storage.outages import OUTAGES
from service.storage.refusals import Refusal, refusal_of
from workers.asking.pool import AskingPool
from workers.asking.remote import maker
from workers.inbox import Inbox
from workers.watchdog import Watchdog
from workers.workforce import Workforce

LOG = structlog.get_logger(__name__)
MEMORY_REST_S = 60.0  # pause of a job whose step ran out of memory; the other jobs continue
ALONE_S = 1.0  # how often runs are stepped to say that no trainer asks any more


class HeldJobs:
    """See the module. Thread safety: none.

    Args:
        settings: Intervals and limits.
        database: Holds the jobs and their results.
        cluster: Runs the trials.
        inbox: Messages of the workers that no transaction has recorded yet.
        asking: Answers for costly samplers.
        watchdog: Is marked before each run is opened, which may take long.

    Attributes:
        runs: The open runs, by job.
        slow: Jobs whose last transaction exceeded its time limit: their next one has no limit.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        cluster: Workforce,
        inbox: Inbox,
        asking: AskingPool,
        watchdog: Watchdog,
    ) -> None:
        self._settings, self._database, self._cluster = settings, database, cluster
        self._inbox, self._asking, self._watchdog = inbox, asking, watchdog
        self.runs: dict[int, Run] = {}
        self.slow: set[int] = set()
        self._leased: Set[int] = frozenset()
        self._touched: set[int] = set()
        self._rests_until: dict[int, float] = {}
        self._looks_alone_at = 0.0
        # Jobs that an outage stopped are skipped once: if only their rows cannot be read, the
        # other jobs continue in that turn.
        self._passed_over: set[int] = set()

    # What is known of them

    @property
    def ids(self) -> Set[int]:
        """The jobs of this dispatcher, also those without a run."""
        return self.runs.keys() | self._leased

    @property
    def has_closed(self) -> bool:
        """Whether a job of this dispatcher has no run: it is opened again."""
        return bool(self._leased - self.runs.keys())

    @property
    def has_news(self) -> bool:
        """Whether a run takes its next step at once."""
        return bool(self._touched & self.runs.keys()) or any(
            run.needs.has_more for run in self.runs.values()
        )

    @property
    def want_workers(self) -> bool:
        """Whether a run has trials that wait for workers."""
        return any(run.needs.wants_workers for run in self.runs.values())

    @property
    def has_trainers(self) -> bool:
        """Whether a run's trials are those of trainers outside."""
        return any(run.is_external for run in self.runs.values())

    def hear_trainers(self) -> bool:
        """Note which runs' trainers have done something: they take another step.

        Returns:
            Whether there are any.
        """
        outside = {job_id for job_id, run in self.runs.items() if run.is_external}
        if not outside:
            return False
        guessing = {job_id for job_id in outside if self.runs[job_id].may_guess}
        with self._database.read(is_brief=True) as session:
            now = shared_clock.now(session)
            news = trainers.news(session, outside, now)
        self.touch(news.heard | (news.waited_for & guessing))
        return bool(news.heard)

    def is_touched(self, job_id: int) -> bool:
        """Whether something has changed for a run since its last step."""
        return job_id in self._touched

    def touch(self, job_ids: Set[int]) -> None:
        """Note that something has changed for runs: they take another step."""
        self._touched |= job_ids & self.runs.keys()

    def settle(self, job_id: int) -> None:
        """Note that a run's step has committed."""
        self._touched.discard(job_id)
        self.slow.discard(job_id)

    def in_hand_of(self, job_id: int) -> set[int]:
        """Return the ids of a job's attempts that workers have."""
        return {i for i, a in self._cluster.in_hand().items() if a.job_id == job_id}

    # Which they are

    def look(self, me: RegisteredDispatcher) -> None:
        """Claim jobs that wait for a dispatcher, and note users' changes to the present ones."""
        with self._database.read(is_brief=True) as session:
            standings = jobs.standings(session)
        if any(standing.is_claimable for standing in standings):
            self._claim(me)
            with self._database.read() as session:
                standings = jobs.standings(session)
        mine = {s.id: s for s in standings if s.lease_owner == me.id}
        self.touch({job_id for job_id, s in mine.items() if self._is_news(s)})
        self._touch_left_alone()
        self._leased = mine.keys()
        for job_id in self.runs.keys() - mine.keys():
            self.drop(job_id)
        now = time.monotonic()
        passed_over, self._passed_over = self._passed_over, set()
        for job_id in mine.keys() - self.runs.keys() - passed_over:
            if now >= self._rests_until.get(job_id, 0.0):
                self._reopen(job_id)

    def _touch_left_alone(self) -> None:
        """Let runs say, in a step, that no trainer asks any more.

        Those that have said so need no step before a trainer does something.
        """
        now = time.monotonic()
        if now >= self._looks_alone_at:
            self._looks_alone_at = now + ALONE_S
            runs = self.runs.items()
            self.touch({i for i, r in runs if r.is_left_alone and r.job.waits_for is None})

    def _is_news(self, standing: jobs.JobStanding) -> bool:
        """Whether a job's state differs from its last step's, also if it was paused in between."""
        run = self.runs.get(standing.id)
        seen = (standing.state, standing.waits_for)
        return run is not None and (run.job.state, run.job.waits_for) != seen

    def _claim(self, me: RegisteredDispatcher) -> None:
        for job in leases.claim(self._database, me, self._settings.lease_s):
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
        self.runs.pop(job.id, None)  # of the expired lease: its fence is no longer valid
        self._asking.drop(job.id)
        try:
            self.runs[job.id] = step.open_run(
                self._database,
                job,
                max_attempts=self._settings.max_attempts,
                in_hand=self.in_hand_of(job.id) | self._inbox.attempts_of(job.id),
                prices=prices_of(self._settings),
                is_patient=job.id in self.slow,
                make=maker(self._asking, job.id),
            )
        except LeaseLostError:
            return
        except Exception as error:  # noqa: BLE001 - such as a spec that this version rejects
            self._give_up(job, error)
        else:
            self._touched.add(job.id)

    # How they leave

    def drop(self, job_id: int) -> None:
        """Drop a job that ended or went to another dispatcher, and cancel its attempts."""
        self.runs.pop(job_id, None)
        self._leased -= {job_id}
        self._touched.discard(job_id)
        self._asking.drop(job_id)
        self._cluster.cancel(self.in_hand_of(job_id))

    def discard(self, run: Run, error: Exception) -> None:
        """Discard a run whose step failed: it may hold state that was never written.

        The job fails if the error concerns it alone; else its run is rebuilt from the log.

        Raises:
            Exception: The error itself, where it is an outage of the database or the disk.
        """
        del self.runs[run.job.id]
        self._asking.drop(run.job.id)
        self._give_up(run.job, error)

    def _give_up(self, job: Job, error: Exception) -> None:
        """Fail a job for an error that concerns it alone; raise an outage again.

        A job that ran out of memory waits. Content that the database rejects (DataError,
        IntegrityError) is no outage: it would be rejected again.
        """
        if refusal_of(error) is Refusal.SLOW:
            self.slow.add(job.id)
        is_outage = isinstance(error, (*OUTAGES, OSError))
        if is_outage and not isinstance(error, (DataError, IntegrityError)):
            # The dispatcher's loop tries again later.
            self._passed_over.add(job.id)
            raise error
        if isinstance(error, MemoryError):  # the workers' messages are kept
            LOG.error("not enough memory for a job; trying again later", job=job.id)
            self._rests_until[job.id] = time.monotonic() + MEMORY_REST_S
            return
        LOG.error("job failed", job=job.id, exc_info=error)
        with suppress(LeaseLostError):
            commands.fail(self._database, job, error)
        self.drop(job.id)
