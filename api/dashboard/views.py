"""What the pages show: plain values, read in one transaction each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy.orm import Session

from api.dashboard.trial_rows import TRIALS_SHOWN, TrialRows, trial_rows
from service import clock, progress
from service.errors import NotFoundError
from service.exports import Shape, shape_of
from service.progress import Progress, StudyProgress
from service.records import Artifact, DensityRecord, Job, Study, Trial
from service.states import JOB_TRANSITIONS, JobState, Phase, Role
from service.storage import densities, events, jobs, overview, studies, trials

JOBS_SHOWN = 25
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job in the list; `n_done` of the `n_trials` of its searches and controls have ended."""

    job: Job
    samplers: list[str]
    fraction: float
    n_done: int
    n_trials: int
    best: Study | None


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
    lines = [_line(job, arms.get(job.id, []), counts[job.id], fractions[job.id]) for job in shown]
    older = shown[-1].id if len(found) > JOBS_SHOWN else None
    return JobList(lines, state, older, is_first=before is None, now=clock.now())


def _line(job: Job, arms: Sequence[Study], counts: progress.Overview, fraction: float) -> JobLine:
    n_ended = counts.count(progress.ENDED, [Phase.SEARCH]).n_numbered
    return JobLine(
        job=job,
        samplers=[study.name for study in arms if study.role == Role.SEARCH],
        fraction=fraction,
        n_done=n_ended,
        n_trials=counts.n_trials,
        best=best_study(arms),
    )


def best_study(arms: Sequence[Study]) -> Study | None:
    """Return the search with the least value so far."""
    found = [arm for arm in arms if arm.role == Role.SEARCH and arm.best_value is not None]
    return min(found, key=lambda arm: (arm.best_value, arm.place), default=None)


@dataclass(frozen=True, slots=True)
class StudyLine:
    """A study in the table of studies; `place` chooses its colour."""

    study: Study
    place: int
    counts: StudyProgress


@dataclass(frozen=True, slots=True)
class Arm:
    """A density that can be looked at, and the figures of its shape."""

    study: Study
    density: DensityRecord
    shape: Shape

    @property
    def is_rank_one(self) -> bool:
        """Whether alpha and beta say all of Phi, up to rounding."""
        return self.shape.residual < ROUNDING


@dataclass(frozen=True, slots=True)
class JobPage:
    """Everything on the page of one job."""

    job: Job
    now: datetime
    progress: Progress
    studies: list[StudyLine]
    best: Study | None
    best_trial: Trial | None
    trials: TrialRows
    arms: list[Arm]
    arm: Arm | None
    artifacts: list[Artifact]
    last_event_id: int

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
        """Whether the table of transitions allows an end."""
        return JobState.CANCELLED in JOB_TRANSITIONS[self.job.state]

    @property
    def running_fraction(self) -> float:
        """The share that is being trained now, so that the bar can show it."""
        n_all = self.progress.n_trials + self.progress.n_evaluations
        return min(self.progress.n_running / max(n_all, 1), 1.0 - self.progress.fraction)

    @property
    def spec_json(self) -> str:
        """The job's spec, indented."""
        return json.dumps(self.job.spec, indent=2, ensure_ascii=False)

    @property
    def task(self) -> str:
        """In a few words, what the job works on."""
        return task_text(self.job.spec)


def job_page(session: Session, job_id: int, arm_id: int | None, above: int | None) -> JobPage:
    """Read the page of a job.

    Args:
        session: In a transaction.
        job_id: Which job.
        arm_id: The study whose density is shown; that of the best search when None.
        above: Show all trials with greater ids; the newest page of them when None.

    Raises:
        NotFoundError: There is no such job.
    """
    # First of all: what happens after this id is not on the page yet, and comes as an event.
    last_event_id = events.last_id(session, job_id)
    job = jobs.get(session, job_id)
    own = studies.of_job(session, job_id)
    best = best_study(own)
    arms = arms_of(session, job_id, own)
    return JobPage(
        job=job,
        now=clock.now(),
        progress=progress.progress_of(session, job),
        studies=_study_lines(session, job_id, own),
        best=best,
        best_trial=_best_trial(session, best),
        trials=trial_rows(session, job, own, limit=TRIALS_SHOWN, above=above),
        arms=arms,
        arm=_chosen(arms, arm_id, best),
        artifacts=densities.artifacts(session, job_id),
        last_event_id=last_event_id,
    )


def _best_trial(session: Session, best: Study | None) -> Trial | None:
    if best is None or best.best_trial_id is None:
        return None
    return trials.get(session, best.best_trial_id)


def _study_lines(session: Session, job_id: int, own: Sequence[Study]) -> list[StudyLine]:
    counts = progress.of_studies(session, job_id, own)
    pairs = zip(own, counts, strict=True)
    return [StudyLine(study, place, count) for place, (study, count) in enumerate(pairs)]


def arms_of(session: Session, job_id: int, own: Sequence[Study]) -> list[Arm]:
    """Return the densities of a job's studies: searches first, the best first."""
    records = {record.study_id: record for record in densities.of_job(session, job_id)}
    found = [
        Arm(study, records[study.id], shape_of(records[study.id]))
        for study in own
        if study.id in records
    ]
    return sorted(
        found, key=lambda arm: (arm.study.role != Role.SEARCH, arm.study.best_value or 0.0)
    )


def _chosen(arms: Sequence[Arm], arm_id: int | None, best: Study | None) -> Arm | None:
    for wanted in (arm_id, best.id if best else None):
        for arm in arms:
            if arm.study.id == wanted:
                return arm
    return arms[0] if arms else None


def density_of(session: Session, job_id: int, study_id: int | None) -> DensityRecord:
    """Return the density of a study, of the best search when None is named.

    Raises:
        NotFoundError: There is none (yet).
    """
    own = studies.of_job(session, job_id)
    arm = _chosen(arms_of(session, job_id, own), study_id, best_study(own))
    if arm is None or (study_id is not None and arm.study.id != study_id):
        raise NotFoundError("density", study_id or job_id)
    return arm.density


def task_text(spec: Mapping[str, object]) -> str:
    """Say in a few words what a job works on."""
    task, network = spec.get("task"), spec.get("network")
    parts: list[object] = []
    if isinstance(task, Mapping):
        parts += [task.get("kind"), task.get("dataset") or task.get("name")]
    if isinstance(network, Mapping):
        size = network.get("kernel_size")
        parts.append(f"{network.get('kind')} {size}\u00d7{size}")
    return " \u00b7 ".join(str(part) for part in parts if part)
