"""What all pages of a job have in common: its name and state, what it takes now, and its tabs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from api.dashboard.pages.spec_text import packs_text, precision_text, task_text
from api.trial_answer import answer_of, device_of
from densearch.answers.compared_metric import ComparedMetric, compared_metric_of
from service import clock
from service.jobs import more_seeds, progress, reopen
from service.jobs.progress import Overview
from service.records import Job, Json, Study
from service.spec import MOST_SEEDS
from service.states import ASKING, JOB_TRANSITIONS, JobState, TrialState
from service.storage import campaigns, events, job_notes, jobs, overview, studies

OPEN_PRECISIONS = ("auto", "tf32")
TRIALS_READ = 25


@dataclass(frozen=True, slots=True)
class JobTab:
    """A page of a job.

    Attributes:
        name: As in its address and its template; "" is the first page.
        title: In the navigation.
        for_trainings: Whether jobs that minimise a test function have nothing to show there.
    """

    name: str
    title: str
    for_trainings: bool = False


TABS = (
    JobTab("", "Overview"),
    JobTab("convergence", "Convergence"),
    JobTab("comparison", "Comparison"),
    JobTab("search", "Search"),
    JobTab("curves", "Curves", for_trainings=True),
    JobTab("trials", "Trials"),
    JobTab("densities", "Densities", for_trainings=True),
    JobTab("samples", "Samples", for_trainings=True),
    JobTab("timeline", "Timeline"),
    JobTab("files", "Files"),
)


@dataclass(frozen=True, slots=True)
class JobHead:
    """What stands on top of every page of a job, and what its dialogs begin with.

    Attributes:
        studies: Of the job, in their order.
        counts: Its trials by phase and state.
        n_seeds: Seeds of its final evaluation that are trained; 0 where no more can be.
        campaign: Id and name of the campaign that it belongs to.
        precision: That of its searches, "" where that is float32.
        last_event_id: The newest event before anything else of the page was read.
    """

    job: Job
    now: datetime
    studies: Sequence[Study]
    counts: Overview
    n_seeds: int
    campaign: tuple[int, str] | None
    tags: Sequence[str]
    precision: str
    last_event_id: int

    @property
    def n_running(self) -> int:
        """Trials in training now."""
        return self.counts.count([TrialState.RUNNING]).n

    @property
    def n_lost(self) -> int:
        """Trials that ended without a result and were not cancelled by the user."""
        # The open trials of a job that failed were cancelled with it.
        is_failed = self.job.state is JobState.FAILED
        lost = [TrialState.FAILED, *([TrialState.CANCELLED] if is_failed else [])]
        return self.counts.count(lost).n

    @property
    def trains(self) -> bool:
        """Whether it trains networks."""
        return self.job.spec.get("density") is not None

    @property
    def own(self) -> ComparedMetric:
        """What its arms are compared by."""
        return compared_metric_of(self.job.spec["task"])

    @property
    def report(self) -> Json:
        """Its report in the user's metric, empty without one."""
        return self.own.report(self.job.report)

    @property
    def tabs(self) -> list[JobTab]:
        """The pages of this job."""
        return [tab for tab in TABS if self.trains or not tab.for_trainings]

    @property
    def has_results(self) -> bool:
        """Whether there is something to draw."""
        return any(study.best_value is not None for study in self.studies)

    @property
    def lacking(self) -> str:
        """Why there is no figure, in words."""
        is_over = self.job.state.is_final
        return "No trial was completed." if is_over else "Appears with the first completed trial."

    @property
    def hint(self) -> str:
        """What a figure says until it is drawn."""
        return "Loading the figure…" if self.has_results else self.lacking

    @property
    def task(self) -> str:
        """The task and the network in a few words."""
        return task_text(self.job.spec)

    @property
    def packs(self) -> str:
        """How many candidates a worker trains at once, "" where that is one."""
        return packs_text(self.job.spec)

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
        has_failed = self.n_lost > 0 or any(study.stopped_by == ASKING for study in self.studies)
        return has_failed and JobState.QUEUED in JOB_TRANSITIONS[self.job.state]

    @property
    def budget(self) -> int:
        """The present budget of the searches that can be extended; 0 where there is none."""
        return reopen.present_budget(self.job.spec.get("method", 1), self.studies)

    @property
    def largest_budget(self) -> int:
        """The largest budget that a job may have."""
        return reopen.MOST_TRIALS

    @property
    def most_seeds(self) -> int:
        """How many seeds an evaluation may have."""
        return MOST_SEEDS


def head_of(session: Session, job_id: int) -> JobHead:
    """Read the head of a job's pages.

    Raises:
        NotFoundError: There is no such job.
    """
    # Read first: whatever happens after this event arrives in the stream of events.
    last_event_id = events.last_id(session, job_id)
    job, own = jobs.get(session, job_id), studies.of_job(session, job_id)
    return JobHead(
        job=job,
        now=clock.now(),
        studies=own,
        counts=progress.overview_of(session, job, own),
        n_seeds=more_seeds.raisable(session, job_id) if job.state is JobState.SUCCEEDED else 0,
        campaign=campaigns.of_jobs(session, [job_id]).get(job_id),
        tags=job_notes.tags_of(session, [job_id])[job_id],
        precision=_precision(session, job, own),
        last_event_id=last_event_id,
    )


def _precision(session: Session, job: Job, own: Sequence[Study]) -> str:
    """Where the spec leaves the precision open, some trial that was trained says what it was."""
    training = job.spec.get("training") or {}
    is_open = training.get("precision") in OPEN_PRECISIONS
    arms = {study.id: study for study in own}
    newest = overview.newest_trials(session, job.id, limit=TRIALS_READ) if is_open else []
    answers = [answer_of(trial, arms[trial.study_id], device_of(job)) for trial in newest]
    return precision_text(job.spec, answers)
