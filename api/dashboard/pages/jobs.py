"""The list of jobs as plain values, read in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Annotated
from urllib.parse import urlencode

from pydantic import BaseModel, BeforeValidator, Field
from sqlalchemy.orm import Session

from api.dashboard.figures import convergence
from api.dashboard.figures.sparklines import sparkline
from api.dashboard.figures.staircases import Step
from api.dashboard.pages.spec_text import task_text
from api.paging import EMPTY_IS_NONE, Place
from densearch.answers.compared_metric import compared_metric_of
from service.jobs import progress
from service.records import Job, Json, Study
from service.report.stored_answer import effect_in, outcome_in
from service.settings import Settings
from service.states import JobState, Phase, Role
from service.storage import campaigns, job_notes, job_pages, overview
from service.storage.job_pages import JobFilter, JobOrder, JobPlace

JOBS_SHOWN = 25
MOST_TAGS = 200


# One line of text.
Line = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Given = Annotated[Line | None, EMPTY_IS_NONE]


class ListQuery(BaseModel):
    """Which jobs the list shows, in which order, after which job."""

    state: Annotated[JobState | None, EMPTY_IS_NONE] = None
    name: Given = None
    text: Given = None
    task: Given = None
    dataset: Given = None
    sampler: Given = None
    tag: Given = None
    sort: Annotated[JobOrder, BeforeValidator(lambda value: value or JobOrder.NEWEST)] = (
        JobOrder.NEWEST
    )
    before: Place = None

    @property
    def wanted(self) -> JobFilter:
        """The jobs that are asked for."""
        return JobFilter(**self.model_dump(exclude={"sort", "before"}))


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job in the list; `n_done` of the `n_trials` of its searches and controls have ended.

    Attributes:
        eta_s: Seconds left; None where unknown, and once the job has ended.
        best: The search that leads.
        falls: Its best so far, as the points of a line; None where it did not fall.
        outcome: The answer of the job's report.
        effect: By how much the density changes what is compared, as the report has it.
        campaign: Id and name of the one that the job belongs to.
        waits_for: Why it makes no progress; None while it does.
    """

    job: Job
    tags: Sequence[str]
    samplers: list[str]
    fraction: float
    n_done: int
    n_trials: int
    eta_s: float | None
    best: Study | None
    falls: str | None
    outcome: str | None
    effect: Json | None
    campaign: tuple[int, str] | None
    waits_for: str | None

    @property
    def task(self) -> str:
        """The task and the network in a few words."""
        return task_text(self.job.spec)


@dataclass(frozen=True, slots=True)
class JobList:
    """A page of the list; `older` is the place of its last job, None on the last page."""

    lines: list[JobLine]
    wanted: JobFilter
    order: JobOrder
    older: str | None
    is_first: bool
    tags: Sequence[str]

    @property
    def is_filtered(self) -> bool:
        """Whether any job may be left out."""
        return self.wanted != job_pages.ALL

    def query(self, **changes: object) -> str:
        """Return this list's query with other values; None and "" take one away."""
        order = None if self.order is JobOrder.NEWEST else self.order
        given = {**asdict(self.wanted), "sort": order, **changes}
        kept = {name: str(value) for name, value in given.items() if value not in {None, ""}}
        return f"?{urlencode(kept)}" if kept else ""


def job_list(session: Session, query: ListQuery, settings: Settings) -> JobList:
    """Read a page of the list of jobs."""
    wanted, order = query.wanted, query.sort
    after = JobPlace.of(query.before) if query.before else None
    found = job_pages.page(session, wanted, limit=JOBS_SHOWN + 1, order=order, after=after)
    shown = found[:JOBS_SHOWN]
    ids = [job.id for job in shown]
    grouped = groupby(overview.studies_of(session, ids), lambda study: study.job_id)
    arms = {job_id: list(group) for job_id, group in grouped}
    tags, owners = job_notes.tags_of(session, ids), campaigns.of_jobs(session, ids)
    counts, why = progress.overview(session, shown), progress.reasons(session, shown, settings)
    return JobList(
        lines=[
            _line(session, job, arms.get(job.id, []), counts[job.id], tags, owners, why)
            for job in shown
        ],
        wanted=wanted,
        order=order,
        older=str(job_pages.place_of(shown[-1], order)) if len(found) > JOBS_SHOWN else None,
        is_first=query.before is None,
        tags=job_notes.known_tags(session, MOST_TAGS),
    )


def _line(
    session: Session,
    job: Job,
    arms: Sequence[Study],
    counts: progress.Overview,
    tags: Mapping[int, Sequence[str]],
    owners: Mapping[int, tuple[int, str]],
    why: Mapping[int, str | None],
) -> JobLine:
    samplers = (study.sampler for study in arms if study.role is Role.SEARCH)
    best = progress.lowest(job, arms)
    found = progress.of_overview(session, job, counts)
    return JobLine(
        job=job,
        tags=tags[job.id],
        samplers=list(dict.fromkeys(samplers)),  # each once, however often it is repeated
        fraction=found.fraction,
        n_done=counts.count(progress.ENDED, [Phase.SEARCH]).n_numbered,
        n_trials=counts.n_trials,
        eta_s=found.eta_s,
        best=best,
        falls=_falls(session, job, best),
        outcome=outcome_in(job.report),
        effect=effect_in(compared_metric_of(job.spec["task"]).report(job.report)),
        campaign=owners.get(job.id),
        waits_for=why[job.id],
    )


def _falls(session: Session, job: Job, best: Study | None) -> str | None:
    if best is None:
        return None
    results = convergence.results_of(session, job, "number")
    own = (one for one in results if one.study_id == best.id)
    return sparkline([Step(one.number, one.value, one.number) for one in own])
