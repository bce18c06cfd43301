"""A job in a dispatcher's hands: samplers are asked, trials issued, results told, the job ended.

`Run` knows no Ray: it turns updates into database changes and answers assignments, one transaction
a step. What it holds in memory is a copy of the trial log; after any failed step it is thrown away
and loaded again (DESIGN.md, "The trial log is the state").
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.orm import Session

from service import arms, clock, evaluations, payloads, recording, samplers
from service.arms import Arm
from service.jobs import SEARCH, spec_of
from service.payloads import Order
from service.records import Job, Study, Trial
from service.report import build_report
from service.states import JobState, Phase, TrialState, check_trial_transition
from service.storage import densities, events, jobs, studies, trials
from service.storage.database import Database
from service.updates import Assignment, Update

# Rounds planned in one transaction: a job whose every trial is cached must not hold the database.
MAX_ROUNDS = 20
ACTIVE = (JobState.RUNNING, JobState.EVALUATING)


@dataclass
class Run:
    """See the module. Create it with `open_run`; thread safety: none.

    Attributes:
        job: The job as of the last step.
        arms: Its studies with their samplers and logs.
        max_attempts: Failed tries after which a trial is FAILED.
        trials: Every trial of the job by its id.
        has_more: Whether a further step would move on at once.
    """

    job: Job
    arms: list[Arm]
    max_attempts: int
    trials: dict[int, Trial] = field(default_factory=dict)
    has_more: bool = False

    def __post_init__(self) -> None:
        self.spec = spec_of(self.job)
        self.space = payloads.space_of(self.spec)
        self._by_study = {arm.study.id: arm for arm in self.arms}
        self._changes: dict[int, dict[str, Any]] = {}
        self._waiting: dict[int, None] = {}

    @property
    def has_waiting(self) -> bool:
        """Whether a trial waits for a worker."""
        return bool(self._waiting)

    # The steps

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
        owner, fence = self.job.lease_owner, self.job.lease_fence
        self.job = jobs.lock_leased(session, self.job.id, str(owner), fence)
        if self.job.state is JobState.QUEUED:
            self.job = jobs.set_state(session, self.job.id, JobState.RUNNING)
        recording.record(session, self, updates)
        self.has_more = False
        assignments: list[Assignment] = []
        if self.job.state in ACTIVE:
            self._advance(session, n_free)
            assignments = self._place(session, n_free, busy)
            self._finish_phase(session)
        self.flush(session)
        return assignments

    def _advance(self, session: Session, n_free: int) -> None:
        for _ in range(MAX_ROUNDS):
            planned = [self._plan(session, arm, n_free) for arm in self.arms if arm.is_dirty]
            if not any(planned):
                return
        self.has_more = True

    def _plan(self, session: Session, arm: Arm, n_free: int) -> bool:
        """Ask one arm's sampler; answer whether it moved on without any training."""
        if arm.study.is_finished or (arm.waits_for_search and not self._search_is_over()):
            return False
        arm.is_dirty = False
        plan = arm.sampler.plan(arm.entries, n_free)
        for index, number in plan.numbered.items():
            self.change(arm.log[index], number=number)
        if plan.proposals:
            self._issue(
                session, arm, [arms.order(self, arm, p.point) for p in plan.proposals], plan
            )
        if plan.numbered or plan.is_finished:
            self._update_best(session, arm)
        if plan.is_finished:
            self._finish_study(session, arm)
        return arm.is_dirty or plan.is_finished

    def _issue(
        self, session: Session, arm: Arm, orders: Sequence[Order], plan: samplers.Plan
    ) -> None:
        rows = [
            self.row(arm.study, order, Phase.SEARCH)
            | {
                "number": proposal.number,
                "certainty": proposal.certainty,
                "point": list(proposal.point),
            }
            for order, proposal in zip(orders, plan.proposals, strict=True)
        ]
        for trial in trials.insert_all(session, rows):
            self.add(session, trial)
        self.take_cached(session, [order.digest for order in orders])

    # What was trained before

    def take_cached(self, session: Session, digests: Sequence[str]) -> bool:
        """Complete waiting trials whose training has a result, this job's or another's.

        Returns:
            Whether there were any.
        """
        results = trials.results(session, digests)
        waiting = [t for t in map(self.trials.__getitem__, self._waiting) if t.digest in results]
        for trial in waiting:
            self.complete_from(session, trial, results[trial.digest])
        return bool(waiting)

    def complete_from(self, session: Session, trial: Trial, source: Trial) -> None:
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
        )
        if trial.phase is Phase.EVALUATION:
            evaluations.share_artifact(session, self, trial, source)

    # What to run next

    def _place(self, session: Session, n_free: int, busy: Collection[str]) -> list[Assignment]:
        chosen = self._choose(session, n_free, busy)
        if chosen and self.take_cached(session, [trial.digest for trial in chosen]):
            self.has_more = True
            chosen = [t for t in chosen if self.trials[t.id].state is TrialState.WAITING]
        return self._start(session, chosen) if chosen else []

    def _choose(self, session: Session, n_free: int, busy: Collection[str]) -> list[Trial]:
        """Pick the oldest waiting trials, each training once."""
        in_hand = (
            set(busy) | {t.digest for t in self.trials.values() if t.state is TrialState.RUNNING}
            if n_free > 0
            else set()
        )
        chosen: list[Trial] = []
        for trial_id in sorted(self._waiting):  # one tried before goes first
            if len(chosen) >= n_free:
                break
            trial = self.trials[trial_id]
            if trial.digest not in in_hand:
                in_hand.add(trial.digest)
                chosen.append(trial)
        elsewhere = trials.running_elsewhere(session, self.job.id, [t.digest for t in chosen])
        return [trial for trial in chosen if trial.digest not in elsewhere]

    def _start(self, session: Session, chosen: Sequence[Trial]) -> list[Assignment]:
        now = clock.now()
        for trial in chosen:
            self.set_state(
                session,
                trial.id,
                TrialState.RUNNING,
                started_at=now,
                n_attempts=trial.n_attempts + 1,
            )
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
        device = payloads.device_of(self.spec)
        return [
            Assignment(
                attempt_id=attempt.id,
                trial_id=trial.id,
                job_id=self.job.id,
                digest=trial.digest,
                payload=trial.payload,
                device=device,
                keeps_weights=evaluations.keeps_weights(self.spec, trial),
            )
            for trial, attempt in zip(chosen, trials.insert_attempts(session, rows), strict=True)
        ]

    # The ends of studies, phases and the job

    def _search_is_over(self) -> bool:
        return all(arm.study.is_finished for arm in self.arms if arm.study.role == SEARCH)

    def _update_best(self, session: Session, arm: Arm) -> None:
        best = arm.best(self.trials)
        if best is None or best.id == arm.study.best_trial_id:
            return
        arm.study = replace(arm.study, best_trial_id=best.id, best_value=best.value)
        studies.change(session, arm.study.id, best_trial_id=best.id, best_value=best.value)
        row = arms.density_row(self, arm, best)
        if row is not None:
            densities.put(session, row)
        self._announce_study(session, arm.study)

    def _finish_study(self, session: Session, arm: Arm) -> None:
        arm.study = replace(arm.study, is_finished=True)
        studies.change(session, arm.study.id, is_finished=True)
        self._announce_study(session, arm.study)
        for other in self.arms:
            other.is_dirty = other.is_dirty or other.waits_for_search

    def _announce_study(self, session: Session, study: Study) -> None:
        names = ("id", "name", "best_value", "best_trial_id", "is_finished")
        events.add(session, self.job.id, "study", {n: getattr(study, n) for n in names})

    def _finish_phase(self, session: Session) -> None:
        if not all(arm.study.is_finished for arm in self.arms):
            return
        if all(arm.study.best_trial_id is None for arm in self.arms):
            self.flush(session)
            self.job = jobs.set_state(session, self.job.id, JobState.FAILED, error=self._failure())
            return
        if self.job.state is JobState.RUNNING and self.spec.evaluation.n_seeds > 0:
            self.job = jobs.set_state(session, self.job.id, JobState.EVALUATING)
            evaluations.issue(session, self)
            self.has_more = True
            return
        if any(not t.state.is_final for t in self.trials.values()):
            return
        self.flush(session)
        report = build_report(self.spec, self.arms, self.trials.values())
        self.job = jobs.set_state(session, self.job.id, JobState.SUCCEEDED, report=report)

    def _failure(self) -> dict[str, Any]:
        errors = [t.error["detail"] for t in self.trials.values() if t.error]
        reason = errors[0] if errors else "every training diverged: lower the learning rate"
        return {"title": "No trial gave a value", "detail": reason}

    # Changes of trials: in memory at once, in the database with the step

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
            "is_diverged": False,
            "queued_at": clock.now(),
        }

    def add(self, session: Session, trial: Trial) -> None:
        """Take in a new or a loaded trial."""
        self.trials[trial.id] = trial
        if trial.state is TrialState.WAITING:
            self._waiting[trial.id] = None
        if trial.phase is Phase.SEARCH:
            self._by_study[trial.study_id].append(trial, self.spec.diverged_value)
        if trial.state is TrialState.WAITING and trial.n_attempts == 0:
            self._announce(session, trial)

    def change(self, trial_id: int, **changes: Any) -> Trial:
        """Set fields of a trial."""
        trial = replace(self.trials[trial_id], **changes)
        self.trials[trial_id] = trial
        self._changes.setdefault(trial_id, {"id": trial_id}).update(changes)
        if trial.phase is Phase.SEARCH:
            self._by_study[trial.study_id].put(trial, self.spec.diverged_value)
        return trial

    def set_state(
        self, session: Session, trial_id: int, state: TrialState, **changes: Any
    ) -> None:
        """Move a trial to another state and announce it."""
        check_trial_transition(self.trials[trial_id].state, state)
        trial = self.change(trial_id, state=state, **changes)
        if state is TrialState.WAITING:
            self._waiting[trial_id] = None
        else:
            self._waiting.pop(trial_id, None)
        self._announce(session, trial)

    def end(self, session: Session, trial_id: int, state: TrialState, **changes: Any) -> None:
        """Move a trial to a final state; its study has something new to hear."""
        self.set_state(session, trial_id, state, finished_at=clock.now(), **changes)
        trial = self.trials[trial_id]
        if trial.phase is Phase.SEARCH:
            self._by_study[trial.study_id].is_dirty = True
        if state is TrialState.COMPLETED and trial.cached_from is None:
            twins = [t for t in self._waiting if self.trials[t].digest == trial.digest]
            for twin in twins:
                self.complete_from(session, self.trials[twin], trial)

    def _announce(self, session: Session, trial: Trial) -> None:
        names = ("id", "study_id", "phase", "number", "state", "value")
        data = {name: getattr(trial, name) for name in names}
        data["cached"] = trial.cached_from is not None
        events.add(session, self.job.id, "trial", data)

    def flush(self, session: Session) -> None:
        """Write the collected changes."""
        trials.change(session, list(self._changes.values()))
        self._changes.clear()


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
        jobs.lock_leased(session, job.id, str(job.lease_owner), job.lease_fence)
        found = [arms.open_arm(job, study) for study in studies.of_job(session, job.id)]
        run = Run(job, found, max_attempts)
        for trial in trials.of_job(session, job.id):
            run.add(session, trial)
        recording.recover(session, run, in_hand)
        run.flush(session)
    return run
