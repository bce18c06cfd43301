"""A dispatcher's step of a run: one transaction, then what its trials need of the workers."""

from __future__ import annotations

from pathlib import Path

import structlog

from service.errors import LeaseLostError
from service.jobs import artifact_files
from service.orchestration import offers, step
from service.orchestration.messages import Assignment, packs_of
from service.orchestration.run import Run
from service.report import statistics
from service.states import JobState
from service.storage import jobs
from service.storage.database import Database
from workers.asking.pool import AskingPool
from workers.calibrator import Calibrator
from workers.held_jobs import HeldJobs
from workers.inbox import Inbox
from workers.slots import shape_of
from workers.workforce import Workforce

CROWDED = (
    "the memory of a node was full, so fewer trials run there at once until it is quiet: end or "
    "limit other programs on it, or let fewer trainings run at once (DENSEARCH_N_CPUS)"
)
LOG = structlog.get_logger(__name__)


class Stepper:
    """See the module. Thread safety: none.

    Args:
        data_dir: The data directory, where artifacts are stored.
        database: Holds the jobs and their results.
        cluster: Runs the trials.
        held: The jobs of the dispatcher.
        inbox: Messages of the workers that no transaction has recorded yet.
        asking: Answers for costly samplers.
        calibrator: Holds workers back for a measurement.
    """

    def __init__(
        self,
        data_dir: Path,
        database: Database,
        cluster: Workforce,
        held: HeldJobs,
        inbox: Inbox,
        asking: AskingPool,
        calibrator: Calibrator,
    ) -> None:
        self._data_dir, self._database, self._cluster = data_dir, database, cluster
        self._held, self._inbox, self._asking = held, inbox, asking
        self._calibrator = calibrator

    def step(self, job_id: int) -> None:
        """Take a run's step if one is due.

        Raises:
            Exception: The database or the disk refused. The run is discarded, and rebuilt later.
        """
        run = self._held.runs[job_id]
        n_free = self._cluster.n_free(shape_of(run.spec.resources), self._calibrator.held)
        is_idle = n_free > 0 and not self._others_wait(job_id)
        if not self._is_due(run, n_free, is_idle=is_idle):
            return
        try:
            assignments = self._transact(run, n_free, may_speculate=is_idle)
        except LeaseLostError:
            LOG.warning("job went to another dispatcher", job=job_id)
            self._held.drop(job_id)
        except Exception as error:  # noqa: BLE001 - one job's bug must not stop the others
            self._held.discard(run, error)
        else:
            self._settle(run, assignments)

    def record(self, run: Run) -> None:
        """Record what the workers reported, and start nothing."""
        if self._inbox.has(run.job.id):
            self._transact(run, 0, may_speculate=False)

    def _is_due(self, run: Run, n_free: int, *, is_idle: bool) -> bool:
        needs = run.needs
        wants = needs.wants_workers or (is_idle and needs.wants_idle_workers)
        is_changed = self._held.is_touched(run.job.id) or self._inbox.has(run.job.id)
        return is_changed or needs.has_more or run.is_overdue or (n_free > 0 and wants)

    def _others_wait(self, job_id: int) -> bool:
        """Whether another job has, or may have, trials that need the remaining workers."""
        others = [run for other, run in self._held.runs.items() if other != job_id]
        waiting = [
            run for run in others if run.needs.wants_workers or self._held.is_touched(run.job.id)
        ]
        return any(self._cluster.capacity(shape_of(run.spec.resources)) for run in waiting)

    def _transact(self, run: Run, n_free: int, *, may_speculate: bool) -> list[Assignment]:
        # Artifact files, also shared ones, are not removed until their rows are committed.
        with artifact_files.held(self._data_dir):
            return self._transact_held(run, n_free, may_speculate=may_speculate)

    def _transact_held(self, run: Run, n_free: int, *, may_speculate: bool) -> list[Assignment]:
        updates = self._inbox.updates_of(run.job.id)
        busy = {a.digest for a in self._cluster.in_hand().values() if a.job_id != run.job.id}
        step.prepare(run)
        with self._database.write(is_patient=run.job.id in self._held.slow) as session:
            given = (updates, n_free, busy)
            assignments = step.take(session, run, *given, may_speculate=may_speculate)
            is_idle = not assignments and not self._held.in_hand_of(run.job.id)
            reason = self._why(run) if is_idle else None
            if run.is_external:
                reason = offers.reason(session, run)
            if reason != run.job.waits_for:
                run.job = jobs.set_waits_for(session, run.job.id, reason)
        return assignments

    def _settle(self, run: Run, assignments: list[Assignment]) -> None:
        """Start and cancel attempts after a committed step."""
        job_id, shape = run.job.id, shape_of(run.spec.resources)
        self._inbox.forget(job_id)
        self._held.settle(job_id)
        for pack in packs_of(assignments):
            self._cluster.place(shape, pack)
        # Trials that are no longer needed, such as speculative ones of a search that has ended.
        self._cluster.cancel(self._held.in_hand_of(job_id) - run.live.keys())
        if run.job.state is JobState.PAUSED:
            self._asking.drop(job_id)
        if run.job.state is JobState.EVALUATING:
            statistics.prepare()
        if run.job.state.is_final:
            LOG.info("job ended", job=job_id, state=run.job.state)
            self._held.drop(job_id)

    def _why(self, run: Run) -> str | None:
        """Return why no trial of a run is running."""
        if not (run.needs.is_unsized or run.needs.wants_workers):
            return None
        shape = shape_of(run.spec.resources)
        if self._cluster.capacity(shape) == 0:
            return self._cluster.lack_of(shape)
        if run.needs.is_unsized:
            return "how many candidates a worker trains best at once is being measured"
        if self._cluster.n_withheld(shape):
            return CROWDED
        return "all workers are busy with other jobs"
