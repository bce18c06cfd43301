"""The page of a job as plain values, read in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from api.dashboard.figures.series import Series, by_study, series_of
from api.dashboard.json_text import json_text
from api.dashboard.pages.density_cards import DensityCard, cards_of, chosen, shown_first
from api.dashboard.pages.margins import MarginChoice
from api.dashboard.pages.spec_text import packs_text, precision_text, task_text
from api.dashboard.pages.trial_rows import TRIALS_SHOWN, TrialRows, trial_rows
from api.trial_answer import answer_of
from densearch.answers import TrialAnswer, earlier_looks_in_words
from service import clock
from service.jobs import (
    dataset_references,
    decisions,
    more_seeds,
    progress,
    reopen,
    search_vectors,
)
from service.jobs.progress import Best, Progress, StudyProgress
from service.records import Artifact, Job, Json, Study
from service.spec import MOST_SEEDS
from service.states import ASKING, JOB_TRANSITIONS, JobState, Role, TrialState
from service.storage import (
    campaigns,
    densities,
    events,
    item_losses,
    job_notes,
    jobs,
    split_looks,
    studies,
    trials,
)

NO_MARGIN = MarginChoice()
ROLES: Mapping[Role, str] = {
    Role.SEARCH: "search",
    Role.CONTROL: "control, fixed",
    Role.TUNED: "control, tuned",
    Role.SPECULATION: "found ahead",
}


@dataclass(frozen=True, slots=True)
class StudyLine:
    """A study in the table of studies; `series` is its line in the figures, if it has one."""

    study: Study
    series: Series | None
    counts: StudyProgress

    @property
    def role(self) -> str:
        """Its role in the job, as text."""
        return ROLES[self.study.role]


@dataclass(frozen=True, slots=True)
class JobPage:
    """Everything on the page of one job.

    Attributes:
        best: The arm with the lowest validation loss, controls included.
        ahead: A better point than the best search's that was run ahead of its sequence.
        data_warnings: What its data set's page warns of; empty where the set was deleted.
        vector: What each value of its search means; None where its spec would be refused now.
        decision: What to do with its density; None while there is no answer.
        margin: The gain by which that is decided.
        density_id: The density that the address names.
        n_seeds: Seeds of its final evaluation that are trained; 0 where no more can be.
        n_lost: Trials that ended without a result and were not cancelled by the user.
        campaign: Id and name of the campaign that it belongs to.
    """

    job: Job
    now: datetime
    progress: Progress
    studies: list[StudyLine]
    series: list[Series]
    best: Study | None
    best_search: Study | None
    best_trial: TrialAnswer | None
    ahead: Best | None
    trials: TrialRows
    cards: list[DensityCard]
    card: DensityCard | None
    artifacts: list[Artifact]
    has_item_losses: bool
    earlier_looks: int | None
    data_warnings: list[str]
    vector: list[Json] | None
    decision: Json | None
    margin: MarginChoice
    density_id: int | None
    n_seeds: int
    n_lost: int
    campaign: tuple[int, str] | None
    tags: Sequence[str]
    last_event_id: int

    @property
    def trains(self) -> bool:
        """Whether it trains networks."""
        return "density" in self.job.spec and self.job.spec["density"] is not None

    @property
    def has_results(self) -> bool:
        """Whether there is something to draw."""
        return any(line.study.best_value is not None for line in self.studies)

    @property
    def best_title(self) -> str:
        """What the best value is, as a title."""
        what = "Lowest validation loss" if self.trains else "Lowest value"
        return what if self.job.state.is_final else f"{what} so far"

    @property
    def looks_in_words(self) -> str | None:
        """How many jobs had judged on the same test split before this one."""
        n = self.earlier_looks
        return None if n is None else earlier_looks_in_words(n)

    @property
    def can_pause(self) -> bool:
        """Whether the table of transitions allows a pause."""
        return JobState.PAUSED in JOB_TRANSITIONS[self.job.state]

    @property
    def can_resume(self) -> bool:
        """Whether there is something to resume."""
        return self.job.state is JobState.PAUSED

    @property
    def can_cancel(self) -> bool:
        """Whether the table of transitions allows a cancellation."""
        return JobState.CANCELLED in JOB_TRANSITIONS[self.job.state]

    @property
    def can_extend(self) -> bool:
        """Whether a larger budget would let a search go on, or more seeds its evaluation."""
        return self.job.state is JobState.SUCCEEDED and (self.budget > 0 or self.n_seeds > 0)

    @property
    def can_retry(self) -> bool:
        """Whether there are failed trials, or searches whose sampler failed, to retry."""
        has_failed = self.n_lost > 0 or any(s.study.stopped_by == ASKING for s in self.studies)
        return has_failed and JobState.QUEUED in JOB_TRANSITIONS[self.job.state]

    @property
    def budget(self) -> int:
        """The present budget of the searches that can be extended; 0 where there is none."""
        own = [line.study for line in self.studies]
        return reopen.present_budget(self.job.spec.get("method", 1), own)

    @property
    def largest_budget(self) -> int:
        """The largest budget that a job may have."""
        return reopen.MOST_TRIALS

    @property
    def most_seeds(self) -> int:
        """How many seeds an evaluation may have."""
        return MOST_SEEDS

    @property
    def running_fraction(self) -> float:
        """The fraction of all trials that is in training now, for the progress bar."""
        counts = self.progress
        n_all = counts.n_trials + counts.n_promotions + counts.n_evaluations
        return min(counts.n_running / max(n_all, 1), 1.0 - counts.fraction)

    @property
    def spec_json(self) -> str:
        """The job's spec as JSON."""
        return json_text(self.job.spec)

    @property
    def task(self) -> str:
        """The task and the network in a few words."""
        return task_text(self.job.spec)

    @property
    def precision(self) -> str:
        """The precision of its searches, "" where that is float32."""
        return precision_text(self.job.spec, [line.trial for line in self.trials.lines])

    @property
    def packs(self) -> str:
        """How many candidates a worker trains at once, "" where that is one."""
        return packs_text(self.job.spec)


def job_page(
    session: Session,
    job_id: int,
    density_id: int | None,
    above: int | None,
    margin: MarginChoice = NO_MARGIN,
) -> JobPage:
    """Read the page of a job.

    Args:
        session: In a transaction.
        job_id: Which job.
        density_id: The density that is shown; that of the best search when None.
        above: Show all trials with greater ids; the newest page of them when None.
        margin: The gain that matters, if the reader gives one.

    Raises:
        NotFoundError: There is no such job.
    """
    # Read first: whatever happens after this event arrives in the stream of events.
    last_event_id = events.last_id(session, job_id)
    job = jobs.get(session, job_id)
    own = studies.of_job(session, job_id)
    best = progress.lowest(job, own)
    cards = cards_of(session, job_id, own)
    return JobPage(
        job=job,
        now=clock.now(),
        progress=progress.progress_of(session, job),
        studies=_study_lines(session, job, own),
        series=series_of(own),
        best=best,
        best_search=progress.leading(job, own),
        best_trial=_best_trial(session, job, best),
        ahead=progress.best_ahead(session, job, own),
        trials=trial_rows(session, job, own, limit=TRIALS_SHOWN, above=above),
        cards=cards,
        card=chosen(cards, density_id, shown_first(job, own)),
        artifacts=densities.artifacts(session, job_id),
        has_item_losses=bool(item_losses.judged(session, job_id)),
        earlier_looks=split_looks.n_before(session, job_id),
        data_warnings=dataset_references.warnings_of(session, job),
        vector=_vector(job),
        decision=_decision(session, job, margin.percent),
        margin=margin,
        density_id=density_id,
        n_seeds=more_seeds.raisable(session, job_id),
        n_lost=_n_lost(session, job),
        campaign=campaigns.of_jobs(session, [job_id]).get(job_id),
        tags=job_notes.tags_of(session, [job_id])[job_id],
        last_event_id=last_event_id,
    )


def _best_trial(session: Session, job: Job, best: Study | None) -> TrialAnswer | None:
    if best is None or best.best_trial_id is None:
        return None
    return answer_of(trials.get(session, best.best_trial_id), job, best)


def _n_lost(session: Session, job: Job) -> int:
    # The open trials of a job that failed were cancelled with it.
    is_failed = job.state is JobState.FAILED
    states = [TrialState.FAILED, *([TrialState.CANCELLED] if is_failed else [])]
    return progress.overview(session, [job])[job.id].count(states).n


def _vector(job: Job) -> list[Json] | None:
    entries = search_vectors.of_job(job)
    return [asdict(entry) for entry in entries] if entries is not None else None


def _decision(session: Session, job: Job, margin_percent: float | None) -> Json | None:
    found = decisions.decision_of(session, job, margin_percent)
    return found.to_dict() if found is not None else None


def _study_lines(session: Session, job: Job, own: Sequence[Study]) -> list[StudyLine]:
    counts, series = progress.of_studies(session, job, own), by_study(own)
    pairs = zip(own, counts, strict=True)
    return [StudyLine(study, series.get(study.id), count) for study, count in pairs]
