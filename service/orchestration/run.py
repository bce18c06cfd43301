"""A job in a dispatcher's hands: samplers are asked, trials issued, results told, the job ended.

`Run` knows no Ray: it turns updates into database changes and answers assignments, one transaction
a step. What it holds in memory is a copy of the trial log; after any failed step it is thrown away
and loaded again (docs/adr/0001-the-trial-log-is-the-state.md).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from service import clock, samplers
from service.costs.prices import UNPRICED, Prices
from service.errors import InvalidSpecError
from service.jobs.commands import spec_of
from service.orchestration import ask, completion, evaluation, limits, placement
from service.orchestration import pack_width as sizing
from service.orchestration import results as recording
from service.orchestration.messages import Assignment, Update, packs_of
from service.orchestration.trial_log import TrialLog
from service.records import Job, Json, Study, Trial
from service.report import build_report
from service.samplers import MakeAsker
from service.spec import JobSpec
from service.states import JobState, Phase, TrialState
from service.storage import densities, jobs, studies, trials
from service.storage.database import Database
from service.studies import best_densities, payloads, study_run
from service.studies.payloads import Order
from service.studies.study_run import Arm

ACTIVE = (JobState.RUNNING, JobState.EVALUATING)
ANNOUNCED = (
    *("id", "name", "best_value", "best_trial_id"),
    *("is_finished", "stopped_at", "stopped_by"),
)


class Run:
    """See the module. Create it with `open_run`; thread safety: none.

    Args:
        job: The job, whose lease its holder claimed.
        spec: The job's.
        found: Its studies with their samplers.
        max_attempts: Failed tries after which a trial is FAILED.
        prices: By which a budget in money is counted.

    Attributes:
        job: The job as of the last step.
        log: Its trials.
        live: Attempts whose result counts, by their id: the id of their trial.
        shared: Of these, the ones that began, or may have begun, in a pack with others.
        has_more: Whether a further step would move on at once.
        has_guesses: Whether a sampler may have points to run ahead of need.
        out_of: Which limit of its budget is reached, see `service.orchestration.limits`.
        is_unsized: Whether it waits for the width of its packs to be measured.
        turn: Index of the arm whose sampler is asked next.
        is_over: Whether only the report is missing.
        devices: Kinds of device that its trainings ran on, once it is over.
        report: The report, once `prepare` has built it.
    """

    def __init__(
        self,
        job: Job,
        spec: JobSpec,
        found: Sequence[Arm],
        max_attempts: int,
        prices: Prices = UNPRICED,
    ) -> None:
        self.job = job
        self.arms = list(found)
        self.max_attempts = max_attempts
        self.spec = spec
        self.log = TrialLog(job.id, self.arms)
        self.live: dict[int, int] = {}
        self.shared: set[int] = set()
        self.has_more = False
        self.is_unsized = False
        self.out_of: str | None = None
        self._prices = prices
        self.has_guesses = True
        self.turn = 0
        self.is_over = False
        self.devices: list[str] = []
        self.report: Json | None = None

    @property
    def pack_width(self) -> int:
        """How many trials a worker may train at once."""
        width = self.spec.resources.pack_width
        return width if isinstance(width, int) else 1

    @property
    def wants_workers(self) -> bool:
        """Whether a trial that counts waits for a worker and may have one: not in a paused job."""
        return self.job.state in ACTIVE and self.log.waiting.n_needed > 0

    @property
    def is_overdue(self) -> bool:
        """Whether its searches have to end now, though no worker has said anything."""
        return self.out_of is None and self._limit() is not None

    @property
    def wants_idle_workers(self) -> bool:
        """Whether it may have points to run ahead of need on workers that would idle."""
        may_guess = self.has_guesses and not self.is_unsized
        return self.job.state is JobState.RUNNING and may_guess

    def prepare(self) -> None:
        """Prepare the next step: the work that takes too long for its transaction."""
        if self.is_over and self.report is None:
            self.report = build_report(
                self.spec, self.arms, self.log.trials.values(), self.devices
            )

    def step(
        self,
        session: Session,
        updates: Sequence[Update],
        n_free: int,
        busy: Collection[str] = (),
        *,
        may_speculate: bool = True,
    ) -> list[Assignment]:
        """Take in what happened and say what to run next, inside one transaction.

        `prepare` comes first, outside it.

        Args:
            session: A write transaction, committed by the caller if this returns.
            updates: What the workers reported since the last step, in order of arrival.
            n_free: How many workers are free.
            busy: Digests that are being trained for other jobs: theirs are not started twice.
            may_speculate: Whether workers that are left over would idle.

        Returns:
            Assignments for at most `n_free` workers, those of one worker with the same `pack`;
            their attempts are stored.

        Raises:
            LeaseLostError: Another dispatcher holds the job; nothing was changed.
        """
        self.job = jobs.lock_leased(session, self.job)
        if self.job.state is JobState.QUEUED:
            self.job = jobs.set_state(session, self.job.id, JobState.RUNNING)
        recording.record(session, self, updates)
        self.has_guesses = self.has_guesses or bool(updates)
        self.has_more = False
        assignments: list[Assignment] = []
        is_active = self.job.state in ACTIVE
        self.is_unsized = is_active and not sizing.settle_width(session, self)
        if is_active and not self.is_unsized:
            self._look_at_limits(session)
            ask.advance(session, self)
            n_ready = 0 if self._is_issuing else n_free
            assignments = placement.place(session, self, n_ready, busy)
            n_idle = n_ready - len(packs_of(assignments))
            if may_speculate and n_idle > 0 and self.wants_idle_workers:
                ask.speculate(session, self, n_idle)
                assignments += placement.place(session, self, n_idle, busy, with_speculation=True)
            completion.finish_phase(session, self)
        self.log.flush(session)
        return assignments

    @property
    def _is_issuing(self) -> bool:
        """Whether further trials are known but not issued yet: packs wait for all of them."""
        if self.pack_width == 1:
            return False
        return any(arm.unissued for arm in self.arms) or evaluation.n_missing(self) > 0

    def _look_at_limits(self, session: Session) -> None:
        """Let searches hear that the time or the money of the budget is spent."""
        if self.spec.budget.wall_clock_s is not None:
            worked_s, since = jobs.time_at_work(session, self.job.id)
            self.job = replace(self.job, worked_s=worked_s, working_since=since)
        if self.out_of is None and (limit := self._limit()) is not None:
            self.out_of = limit
            for arm in self.arms:
                arm.is_dirty = True

    def _limit(self) -> str | None:
        if self.job.state is not JobState.RUNNING:
            return None
        return limits.exceeded(self.spec, self.job, self.log.trained_s, self._prices, clock.now())

    # Points

    def order(self, arm: Arm, point: Sequence[float], *, is_full: bool = False) -> Order:
        """Describe the trial of an arm's point."""
        match = best_densities.matching(self.spec, self.arms) if arm.waits_for else None
        return payloads.searched(
            self.spec, arm.space, arm.study.name, point, match, is_full=is_full
        )

    def row(self, study: Study, order: Order, phase: Phase) -> dict[str, Any]:
        """Return a new trial's columns."""
        return {
            "job_id": self.job.id,
            "study_id": study.id,
            "phase": phase,
            "state": TrialState.WAITING,
            "params": order.params,
            "payload": order.payload,
            "seed": order.seed,
            "digest": order.digest,
            "queued_at": clock.now(),
        }

    def issue(self, session: Session, rows: Sequence[dict[str, Any]]) -> list[Trial]:
        """Store new trials; those whose training has a result take it at once."""
        issued = trials.insert_all(session, rows)
        for trial in issued:
            self.log.add(trial, is_new=True)
        results = trials.results(session, [trial.digest for trial in issued])
        for trial in issued:
            if trial.digest in results:
                recording.complete_from(session, self, trial, results[trial.digest])
        return issued

    # Bests

    def update_best(self, session: Session, arm: Arm, best: Trial | None) -> None:
        """Store what an arm's best is now, with its density."""
        if best is None or best.id == arm.study.best_trial_id:
            return
        arm.study = replace(arm.study, best_trial_id=best.id, best_value=best.value)
        studies.change(session, arm.study.id, best_trial_id=best.id, best_value=best.value)
        densities.put_all(
            session, arm.study.id, best_densities.density_rows(self.spec, self.arms, arm, best)
        )
        self.announce_study(arm.study)

    def announce_study(self, study: Study) -> None:
        """Tell those who watch how a study stands."""
        self.log.announce("study", {name: getattr(study, name) for name in ANNOUNCED})


def open_run(
    database: Database,
    job: Job,
    *,
    max_attempts: int = 3,
    in_hand: Collection[int] = (),
    prices: Prices = UNPRICED,
    make: MakeAsker = samplers.create,
    is_patient: bool = False,
) -> Run:
    """Build a run from the log of a job whose lease was claimed.

    Trials that were running go back to WAITING, unless their attempt is in `in_hand` (ids of
    attempts that this dispatcher's workers are still at). `make` makes the studies' samplers.
    `is_patient` lifts the database's limits (`Database.write`).

    Raises:
        LeaseLostError: Another dispatcher holds the job by now.
        InvalidSpecError: Its budget is in money and what it uses has no price here.
        OtherVersionError: It was begun by other versions of what trains.
    """
    spec = spec_of(job)
    if faults := list(prices.faults(spec)):
        raise InvalidSpecError(faults)
    # Read outside the write transaction: it takes seconds, and only the lease's owner writes here.
    with database.read(is_patient=is_patient) as session:
        payloads.require_same_code(spec, trials.first_of_job(session, job.id))
        found = study_run.open_arms(spec, studies.of_job(session, job.id), make)
        run = Run(job, spec, found, max_attempts, prices)
        for trial in trials.each_of_job(session, job.id):
            run.log.add(trial, is_new=False)
        for arm in found:
            if arm.study.is_finished and arm.study.best_trial_id is not None:
                arm.final = run.log.trials[arm.study.best_trial_id]
    with database.write(is_patient=is_patient) as session:
        # It may have been cancelled since the claim.
        if not jobs.lock_leased(session, job).state.is_final:
            recording.recover(session, run, in_hand)
        run.log.flush(session)
    return run
