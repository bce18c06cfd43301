"""The list of jobs as plain values, read in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy.orm import Session

from service import clock
from service.jobs import progress
from service.records import Job, Study
from service.states import JobState, Phase, Role
from service.storage import campaigns, jobs, overview

JOBS_SHOWN = 25


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job in the list; `n_done` of the `n_trials` of its searches and controls have ended.

    `campaign` has the id and the name of the one that it belongs to.
    """

    job: Job
    samplers: list[str]
    fraction: float
    n_done: int
    n_trials: int
    best: Study | None
    campaign: tuple[int, str] | None


@dataclass(frozen=True, slots=True)
class JobList:
    """A page of the list; `older` is the id to go on below, None on the last page."""

    lines: list[JobLine]
    state: JobState | None
    older: int | None
    is_first: bool
    now: datetime


def job_list(session: Session, state: JobState | None, before: int | None) -> JobList:
    """Read a page of the list of jobs, newest first."""
    found = jobs.page(session, limit=JOBS_SHOWN + 1, state=state, before=before)
    shown = found[:JOBS_SHOWN]
    counts, fractions = progress.overview(session, shown), progress.fractions(session, shown)
    grouped = groupby(
        overview.studies_of(session, [job.id for job in shown]), lambda study: study.job_id
    )
    arms = {job_id: list(group) for job_id, group in grouped}
    owners = campaigns.of_jobs(session, [job.id for job in shown])
    lines = [
        _line(job, arms.get(job.id, []), counts[job.id], fractions[job.id], owners.get(job.id))
        for job in shown
    ]
    older = shown[-1].id if len(found) > JOBS_SHOWN else None
    return JobList(lines, state, older, is_first=before is None, now=clock.now())


def _line(
    job: Job,
    arms: Sequence[Study],
    counts: progress.Overview,
    fraction: float,
    campaign: tuple[int, str] | None,
) -> JobLine:
    n_ended = counts.count(progress.ENDED, [Phase.SEARCH]).n_numbered
    samplers = (study.sampler for study in arms if study.role is Role.SEARCH)
    return JobLine(
        job=job,
        samplers=list(dict.fromkeys(samplers)),  # each once, however often it is repeated
        fraction=fraction,
        n_done=n_ended,
        n_trials=counts.n_trials,
        best=progress.leading(job, arms),
        campaign=campaign,
    )
