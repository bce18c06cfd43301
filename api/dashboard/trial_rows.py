"""The table of trials: newest first, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.records import Job, Measurement, Study, Trial
from service.states import Role, TrialState
from service.storage import overview

TRIALS_SHOWN = 25
# A tab that has paged back keeps its rows; more new ones than this show when it is loaded again.
MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class TrialLine:
    """A trial in the table; `epoch` and `n_epochs` tell how far a running one is."""

    trial: Trial
    study: Study
    place: int
    epoch: int | None
    n_epochs: int | None
    is_best: bool

    @property
    def is_speculative(self) -> bool:
        """Whether it was started early and the search has not asked for it yet."""
        return self.trial.certainty != "certain" and self.trial.number is None

    @property
    def error(self) -> str | None:
        """What went wrong, in words; a waiting trial tells of its last attempt."""
        found = self.trial.error
        return str(found.get("detail") or found) if found else None


@dataclass(frozen=True, slots=True)
class TrialRows:
    """A page of the table; `older` is the id to go on below, None at the end."""

    lines: list[TrialLine]
    older: int | None


def trial_rows(
    session: Session,
    job: Job,
    own: Sequence[Study],
    *,
    limit: int,
    before: int | None = None,
    above: int | None = None,
) -> TrialRows:
    """Read a page of trials with ids below `before`, or all newer than `above`."""
    most = limit if above is None else MOST_SHOWN
    found = overview.newest_trials(
        session, job.id, limit=most + 1, before=before, above=above or 0
    )
    shown = found[:most]
    running = [trial.id for trial in shown if trial.state is TrialState.RUNNING]
    measured = overview.last_measurements(session, running)
    arms = {study.id: (place, study) for place, study in enumerate(own)}
    n_epochs = (job.spec.get("training") or {}).get("epochs")
    lines = [_line(trial, arms[trial.study_id], measured, n_epochs) for trial in shown]
    return TrialRows(lines, older=shown[-1].id if len(found) > most else None)


def _line(
    trial: Trial,
    arm: tuple[int, Study],
    measured: dict[int, Measurement],
    n_epochs: int | None,
) -> TrialLine:
    place, study = arm
    last = measured.get(trial.id)
    return TrialLine(
        trial,
        study,
        place,
        epoch=last.epoch if last else None,
        n_epochs=n_epochs,
        # A control has one trial: to call it the best would say nothing.
        is_best=study.role == Role.SEARCH and study.best_trial_id == trial.id,
    )
