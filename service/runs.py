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

from service import arms, clock, evaluations, payloads, recording
from service.arms import Arm
from service.jobs import SEARCH, spec_of
from service.payloads import Order
from service.records import Job, Study, Trial
from service.report import build_report
from service.rules import space_of
from service.samplers import Plan
from service.states import JobState, Phase, TrialState
from service.storage import densities, jobs, studies, trials
from service.storage.database import Database
from service.trial_log import TrialLog
from service.updates import Assignment, Update

# Rounds planned in one transaction: a job whose every trial is cached must not hold the database.
MAX_ROUNDS = 20
ACTIVE = (JobState.RUNNING, JobState.EVALUATING)
ANNOUNCED = ("id", "name", "best_value", "best_trial_id", "is_finished")


class Run:
    """See the module. Create it with `open_run`; thread safety: none.

    Args:
        job: The job, whose lease its holder claimed.
        found: Its studies with their samplers.
        max_attempts: Failed tries after which a trial is FAILED.

    Attributes:
        job: The job as of the last step.
        log: Its trials.
        live: Attempts whose result counts, by their id: the id of their trial.
        has_more: Whether a further step would move on at once.
    """

    def __init__(self, job: Job, found: Sequence[Arm], max_attempts: int) -> None:
        self.job = job
        self.arms = list(found)
        self.max_attempts = max_attempts
        self.spec = spec_of(job)
        self.space = space_of(self.spec)
        self.log = TrialLog(job.id, self.arms, self.spec.diverged_value)
        self.live: dict[int, int] = {}
        self.has_more = False

    @property
    def wants_workers(self) -> bool:
        """Whether a trial waits for a worker and may have one: not in a paused job."""
        return self.job.state in ACTIVE and bool(self.log.waiting)

    def step(
        self,
        session: Session,
        updates: Sequence[Update],
        n_free: int,
        busy: Collection[str] = (),
    ) -> list[Assignment]:
        """Take in what happened and say what to run next, inside one transaction.

        Args:
            session: A write transaction, committed by the caller if this returns.
            updates: What the workers reported since the last step, in order of arrival.
            n_free: How many assignments could start at once.
            busy: Digests that are being trained for other jobs: theirs are not started twice.

        Returns:
            At most `n_free` assignments; their attempts are stored.

        Raises:
            LeaseLostError: Another dispatcher holds the job; nothing was changed.
        """
        state = jobs.lock_leased(session, self.job)
        self.job = replace(self.job, state=state)
        if state is JobState.QUEUED:
            self.job = jobs.set_state(session, self.job.id, JobState.RUNNING)
        recording.record(session, self, updates)
        self.has_more = False
        assignments: list[Assignment] = []
        if self.job.state in ACTIVE:
            self._advance(session)
            assignments = self._place(session, n_free, busy)
            self._finish_phase(session)
        self.log.flush(session)
        return assignments

    # Points

    def _advance(self, session: Session) -> None:
        for _ in range(MAX_ROUNDS):
            planned = [self._plan(session, arm) for arm in self.arms if arm.is_dirty]
            if not any(planned):
                return
        self.has_more = True

    def _plan(self, session: Session, arm: Arm) -> bool:
        """Ask one arm's sampler; answer whether it moved on without any training."""
        if arm.study.is_finished or (arm.waits_for_search and not self._search_is_over()):
            return False
        arm.is_dirty = False
        plan = arm.sampler.plan(arm.entries)
        for index, number in plan.numbered.items():
            self.log.change(arm.log[index], number=number)
        if plan.proposals:
            orders = [
                arms.order(self.spec, self.space, self.arms, arm, p.point) for p in plan.proposals
            ]
            self._issue(session, arm, orders, plan)
        self._update_best(session, arm)
        if plan.is_finished:
            self._finish_study(session, arm)
        return arm.is_dirty or plan.is_finished

    def _issue(self, session: Session, arm: Arm, orders: Sequence[Order], plan: Plan) -> None:
        rows = [
            self.row(arm.study, order, Phase.SEARCH)
            | {
                "number": proposal.number,
                "certainty": proposal.certainty,
                "point": list(proposal.point),
            }
            for order, proposal in zip(orders, plan.proposals, strict=True)
        ]
        self.issue(session, rows)

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
                self._complete_from(session, trial, results[trial.digest])
        return issued

    # Results

    def end(self, session: Session, trial_id: int, state: TrialState, **changes: Any) -> None:
        """Move a trial to a final state; its study has something new to hear."""
        trial = self.log.set_state(trial_id, state, **changes)
        if trial.phase is Phase.SEARCH:
            self._arm_of(trial).is_dirty = True
        if state is TrialState.COMPLETED and trial.cached_from is None:
            twins = [t for t in self.log.waiting_trials() if t.digest == trial.digest]
            for twin in twins:
                self._complete_from(session, twin, trial)

    def _complete_from(self, session: Session, trial: Trial, source: Trial) -> None:
        """Give a waiting trial the result of another with the same digest."""
        self.end(
            session,
            trial.id,
            TrialState.COMPLETED,
            value=self.spec.diverged_value if source.is_diverged else source.value,
            is_diverged=source.is_diverged,
            metrics=source.metrics,
            training_s=source.training_s,
            cached_from=source.id,
            error=None,
        )
        if trial.phase is Phase.EVALUATION:
            evaluations.share_artifact(session, self, trial, source)

    # What to run next

    def _place(self, session: Session, n_free: int, busy: Collection[str]) -> list[Assignment]:
        """Start what waits, each training once in the whole database.

        The studies advance side by side: one that must wait for values is not left to be the
        slow tail behind one that could issue its whole budget at once.
        """
        in_hand = {self.log.trials[trial_id].digest for trial_id in self.log.running} | set(busy)
        waiting = sorted(self.log.waiting_trials(), key=self._turn) if n_free > 0 else []
        ready = [trial for trial in waiting if trial.digest not in in_hand]
        chosen: dict[str, Trial] = {}
        start, size = 0, n_free
        while start < len(ready) and len(chosen) < n_free:
            self._choose(session, ready[start : start + size], chosen, n_free)
            start, size = start + size, 2 * size  # further only past what others have
        return self._start(session, list(chosen.values()))

    def _choose(
        self, session: Session, ready: Sequence[Trial], chosen: dict[str, Trial], n_free: int
    ) -> None:
        """Add to `chosen`, by digest, what no other job has completed or is training."""
        elsewhere = trials.elsewhere(session, self.job.id, [t.digest for t in ready])
        for trial in ready:
            known = elsewhere.get(trial.digest)
            if known is not None and known.state is TrialState.COMPLETED:
                self._complete_from(session, trial, known)
                self.has_more = True
            elif known is None and len(chosen) < n_free:
                chosen.setdefault(trial.digest, trial)

    def _turn(self, trial: Trial) -> tuple[float, int]:
        """Order waiting trials by the part of their study's budget that comes before them."""
        if trial.phase is Phase.EVALUATION:
            return 1.0, trial.id
        return self._arm_of(trial).progress_at(trial), trial.id

    def _arm_of(self, trial: Trial) -> Arm:
        return next(arm for arm in self.arms if arm.study.id == trial.study_id)

    def _start(self, session: Session, chosen: Sequence[Trial]) -> list[Assignment]:
        now = clock.now()
        rows = [
            {
                "job_id": self.job.id,
                "trial_id": trial.id,
                "number": trial.n_attempts + 1,
                "dispatcher": self.job.lease_owner,
                "started_at": now,
            }
            for trial in chosen
        ]
        attempt_ids = trials.insert_attempts(session, rows)
        device = payloads.device_of(self.spec)
        assignments = []
        for trial, attempt_id in zip(chosen, attempt_ids, strict=True):
            self.live[attempt_id] = trial.id
            n_attempts = trial.n_attempts + 1
            self.log.set_state(trial.id, TrialState.RUNNING, started_at=now, n_attempts=n_attempts)
            assignments.append(
                Assignment(
                    attempt_id=attempt_id,
                    trial_id=trial.id,
                    job_id=self.job.id,
                    digest=trial.digest,
                    payload=trial.payload,
                    device=device,
                    keeps_weights=evaluations.keeps_weights(self.spec, trial),
                )
            )
        return assignments

    # The ends of studies, phases and the job

    def _search_is_over(self) -> bool:
        return all(arm.study.is_finished for arm in self.arms if arm.study.role == SEARCH)

    def _update_best(self, session: Session, arm: Arm) -> None:
        best = arm.best
        if best is None or best.id == arm.study.best_trial_id:
            return
        arm.study = replace(arm.study, best_trial_id=best.id, best_value=best.value)
        studies.change(session, arm.study.id, best_trial_id=best.id, best_value=best.value)
        row = arms.density_row(self.spec, self.space, self.arms, arm)
        if row is not None:
            densities.put(session, row)
        self._announce_study(arm.study)

    def _finish_study(self, session: Session, arm: Arm) -> None:
        arm.study = replace(arm.study, is_finished=True)
        studies.change(session, arm.study.id, is_finished=True)
        self._announce_study(arm.study)
        for other in self.arms:
            other.is_dirty = other.is_dirty or other.waits_for_search

    def _announce_study(self, study: Study) -> None:
        self.log.announce("study", {name: getattr(study, name) for name in ANNOUNCED})

    def _finish_phase(self, session: Session) -> None:
        if not all(arm.study.is_finished for arm in self.arms):
            return
        if all(arm.study.best_trial_id is None for arm in self.arms):
            self._move(session, JobState.FAILED, error=self._failure())
        elif self.job.state is JobState.RUNNING and self.spec.evaluation.n_seeds > 0:
            self._move(session, JobState.EVALUATING)
            evaluations.issue(session, self)
            self.has_more = True
        elif not self.log.has_open():
            report = build_report(self.spec, self.arms, self.log.trials.values())
            self._move(session, JobState.SUCCEEDED, report=report)

    def _move(self, session: Session, state: JobState, **changes: Any) -> None:
        self.log.flush(session)  # the job's last event comes after those of its trials
        self.job = jobs.set_state(session, self.job.id, state, **changes)

    def _failure(self) -> dict[str, Any]:
        errors = [t.error["detail"] for t in self.log.trials.values() if t.error]
        reason = errors[0] if errors else "every training diverged: lower the learning rate"
        return {"title": "No trial gave a value", "detail": reason}


def open_run(
    database: Database, job: Job, *, max_attempts: int = 3, in_hand: Collection[int] = ()
) -> Run:
    """Build a run from the log of a job whose lease was claimed.

    Trials that were running go back to WAITING, unless their attempt is in `in_hand` (ids of
    attempts that this dispatcher's workers are still at).

    Raises:
        LeaseLostError: Another dispatcher holds the job by now.
    """
    with database.write() as session:
        jobs.lock_leased(session, job)
        found = [arms.open_arm(job, study) for study in studies.of_job(session, job.id)]
        run = Run(job, found, max_attempts)
        for trial in trials.of_job(session, job.id):
            run.log.add(trial, is_new=False)
        recording.recover(session, run, in_hand)
        run.log.flush(session)
    return run
