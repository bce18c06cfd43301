"""The rows of a table of trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy.orm import Session

from api.dashboard.figures.series import Series, by_study
from api.trial_answer import answer_of
from densearch.answers import TrialAnswer
from service import samplers
from service.records import Job, Measurement, Study, Trial
from service.states import Phase, Role, TrialState
from service.storage import overview, trials
from service.studies.training_payload import epochs_of, trains


@dataclass(frozen=True, slots=True)
class TrialLine:
    """A trial in the table: as the REST API shows it, and what the table adds.

    Attributes:
        series: Its study's line in the figures, if it has one.
        epoch: How far a running one is; of `n_epochs`.
        certainty: How sure its search was to need it; None where the search never guesses.
        is_orphan: Whether it reused the result of a trial whose job was deleted since.
    """

    trial: TrialAnswer
    series: Series | None
    epoch: int | None
    n_epochs: int | None
    certainty: str | None
    is_best: bool
    is_orphan: bool


@dataclass(frozen=True, slots=True)
class TrialRows:
    """A window of the table; `following` is the place after which it goes on, None at the end."""

    lines: list[TrialLine]
    following: str | None


def trial_rows(
    session: Session, job: Job, own: Sequence[Study], found: Sequence[Trial], following: str | None
) -> TrialRows:
    """Return trials as rows; `following` is the place after which there are more."""
    running = [trial.id for trial in found if trial.state is TrialState.RUNNING]
    measured = overview.last_measurements(session, running)
    arms, series = {study.id: study for study in own}, by_study(own)
    sources = {trial.cached_from for trial in found if trial.cached_from is not None}
    gone = sources - trials.kept(session, sources)
    lines = [
        _line(
            trial,
            arms[trial.study_id],
            answer_of(trial, job, arms[trial.study_id]),
            series=series.get(trial.study_id),
            last=measured.get(trial.id),
            is_orphan=trial.cached_from in gone,
        )
        for trial in found
    ]
    return TrialRows(lines, following)


def _line(
    trial: Trial,
    study: Study,
    answer: TrialAnswer,
    *,
    series: Series | None,
    last: Measurement | None,
    is_orphan: bool,
) -> TrialLine:
    may_guess = study.sampler in _guessing() and trial.phase is Phase.SEARCH
    return TrialLine(
        answer,
        series,
        epoch=last.epoch if last else None,
        # Of this very training: a search may train short, and epochs may be searched.
        n_epochs=epochs_of(trial.payload) if trains(trial.payload) else None,
        certainty=trial.certainty if may_guess else None,
        # A control has one trial: to call it the best would say nothing.
        is_best=study.role == Role.SEARCH and study.best_trial_id == trial.id,
        is_orphan=is_orphan,
    )


@cache
def _guessing() -> frozenset[str]:
    """Return the names of the samplers that run points ahead."""
    return frozenset(i.name for i in samplers.catalogue() if i.capabilities.speculative)
