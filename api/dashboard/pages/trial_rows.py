"""The rows of a table of trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy.orm import Session

from api.dashboard.figures.series import Series, by_study
from api.trial_answer import answer_of, device_of
from densearch.answers import TrialAnswer
from service import samplers
from service.records import Job, Study
from service.states import Phase, Role, TrialState
from service.storage import overview, trials
from service.storage.stored_trials import StoredTrial, trial_of
from service.studies.training_payload import epochs_of, trains


@dataclass(frozen=True, slots=True)
class TrialLine:
    """A trial in the table: equal ones have the same text, in the same columns.

    Attributes:
        study: Its own.
        device: What its job trains on.
        series: Its study's line in the figures, if it has one.
        epoch: How far a running one is; of `n_epochs`.
        is_orphan: Whether it reused the result of a trial whose job was deleted since.
    """

    stored: StoredTrial
    study: Study
    device: str
    series: Series | None
    epoch: int | None
    is_orphan: bool

    @property
    def trial(self) -> TrialAnswer:
        """As the REST API shows it."""
        return answer_of(trial_of(self.stored), self.study, self.device)

    @property
    def n_epochs(self) -> int | None:
        """Of this very training: a search may train short, and epochs may be searched."""
        payload = trial_of(self.stored).payload
        return epochs_of(payload) if trains(payload) else None

    @property
    def certainty(self) -> str | None:
        """How sure its search was to need it; None where the search never guesses."""
        may_guess = self.study.sampler in _guessing() and self.stored.phase == Phase.SEARCH
        return self.stored.certainty if may_guess else None

    @property
    def is_best(self) -> bool:
        """Whether it is the best of its search; of a control's one trial it would say nothing."""
        return self.study.role == Role.SEARCH and self.study.best_trial_id == self.stored.id


@dataclass(frozen=True, slots=True)
class TrialRows:
    """A window of the table; `following` is the place after which it goes on, None at the end."""

    lines: list[TrialLine]
    following: str | None


def trial_rows(
    session: Session,
    job: Job,
    own: Sequence[Study],
    found: Sequence[StoredTrial],
    following: str | None,
) -> TrialRows:
    """Return trials as rows; `following` is the place after which there are more."""
    running = [trial.id for trial in found if trial.state == TrialState.RUNNING]
    measured = overview.last_measurements(session, running)
    arms, series = {study.id: study for study in own}, by_study(own)
    sources = {trial.cached_from for trial in found if trial.cached_from is not None}
    gone, device = sources - trials.kept(session, sources), device_of(job)
    lines = [
        TrialLine(
            trial,
            arms[trial.study_id],
            device,
            series.get(trial.study_id),
            epoch=measured[trial.id].epoch if trial.id in measured else None,
            is_orphan=trial.cached_from in gone,
        )
        for trial in found
    ]
    return TrialRows(lines, following)


@cache
def _guessing() -> frozenset[str]:
    """Return the names of the samplers that run points ahead."""
    return frozenset(i.name for i in samplers.catalogue() if i.capabilities.speculative)
