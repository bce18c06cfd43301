"""A job's trials in memory; the changes of a step are written together, in bulk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from service import clock
from service.orchestration.shared_sections import SharedParts
from service.orchestration.waiting_trials import Waiting
from service.records import Json, Trial
from service.states import Phase, TrialState, check_trial_transition
from service.storage import events, trials
from service.studies.study_run import StudyRun

ANNOUNCED = ("id", "study_id", "phase", "number", "state", "value")


class TrialLog:
    """The trial log of a run. Changes are visible here at once, in the database after `flush`.

    `trained_s` counts the seconds of all its trainings, `n_evaluations` the trials of its
    evaluation.

    Args:
        job_id: Whose trials.
        studies: The job's studies: search trials, promotions and confirmations are added to
            their logs.
    """

    def __init__(self, job_id: int, studies: Sequence[StudyRun]) -> None:
        self.trials: dict[int, Trial] = {}
        self.waiting = Waiting()
        self.running: set[int] = set()
        self.trained_s = 0.0
        self._parts = SharedParts()
        self.n_evaluations = 0
        self._job_id = job_id
        self._by_study = {study.record.id: study for study in studies}
        self._changes: dict[int, dict[str, Any]] = {}
        self._events: list[tuple[str, Json]] = []

    def add(self, trial: Trial, *, is_new: bool) -> None:
        """Add a stored trial."""
        trial = replace(trial, payload=self._parts.of(trial.payload))
        self.trials[trial.id] = trial
        self._count(trial)
        self.n_evaluations += trial.phase is Phase.EVALUATION
        if trial.phase is Phase.SEARCH:
            self._by_study[trial.study_id].append(trial)
        elif trial.phase is Phase.PROMOTION:
            self._by_study[trial.study_id].promotions.append(trial.id)
        elif trial.phase is Phase.CONFIRMATION:
            self._by_study[trial.study_id].confirmations.append(trial.id)
        self._sort_in(trial)
        if is_new:
            self._announce_trial(trial)

    def change(self, trial_id: int, **changes: Any) -> Trial:
        """Set fields of a trial."""
        trial = replace(self.trials[trial_id], **changes)
        self.trials[trial_id] = trial
        self._changes.setdefault(trial_id, {"id": trial_id}).update(changes)
        if trial.phase is Phase.SEARCH:
            self._by_study[trial.study_id].put(trial)
        self._sort_in(trial)
        return trial

    def set_state(self, trial_id: int, state: TrialState, **changes: Any) -> Trial:
        """Move a trial to another state and announce it.

        Raises:
            IllegalTransitionError: The table of transitions does not allow it.
        """
        check_trial_transition(self.trials[trial_id].state, state)
        if state.is_final:
            changes["finished_at"] = clock.now()
        is_new = not self.trials[trial_id].state.is_final
        trial = self.change(trial_id, state=state, **changes)
        if is_new:
            self._count(trial)
        self._announce_trial(trial)
        return trial

    def _count(self, trial: Trial) -> None:
        if trial.state.is_final and trial.cached_from is None:
            self.trained_s += trial.training_s or 0.0

    def _sort_in(self, trial: Trial) -> None:
        if trial.state is TrialState.WAITING:
            is_held = trial.phase is Phase.SEARCH and trial.id in self.study_of(trial).held
            self.waiting.put(trial, self._progress_at(trial), is_held=is_held)
        elif trial.id in self.waiting:
            self.waiting.remove(trial)
        if trial.state is TrialState.RUNNING:
            self.running.add(trial.id)
        else:
            self.running.discard(trial.id)

    def release(self, trial_id: int) -> None:
        """Let a trial that was held at a rung continue."""
        trial = self.trials[trial_id]
        self.study_of(trial).put(trial)
        self._sort_in(trial)

    def _progress_at(self, trial: Trial) -> float:
        """Return the part of the study's budget before a trial; all of it before a full one."""
        is_search = trial.phase is Phase.SEARCH
        return self.study_of(trial).progress_at(trial) if is_search else 1.0

    def study_of(self, trial: Trial) -> StudyRun:
        """Return the study that a trial belongs to."""
        return self._by_study[trial.study_id]

    def has_open(self) -> bool:
        """Whether a trial waits or runs."""
        return bool(self.waiting or self.running)

    def announce(self, kind: str, data: Json) -> None:
        """Add an event, which is stored with the step's changes."""
        self._events.append((kind, data))

    def _announce_trial(self, trial: Trial) -> None:
        data = {name: getattr(trial, name) for name in ANNOUNCED}
        self.announce("trial", data | {"cached": trial.cached_from is not None})

    def flush(self, session: Session) -> None:
        """Write the collected changes and events."""
        trials.change(session, list(self._changes.values()))
        events.add_all(session, self._job_id, self._events)
        self._changes.clear()
        self._events.clear()
