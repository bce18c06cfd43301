"""Queries on many jobs or trials at once, without their large columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from service.records import Measurement, Study, Trial
from service.states import AttemptState, Phase, TrialState
from service.storage import numbered_trials
from service.storage.columns import time_of
from service.storage.jobs import WORKING
from service.storage.numbered_trials import NumberedTrial
from service.storage.rows import to_value
from service.storage.tables import AttemptRow, JobRow, MeasurementRow, StudyRow, TrialRow


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a completed trial of a search.

    Attributes:
        number: Its number in its study's sequence.
        n_of_study: How many results its study has, including omitted ones.
        compute_s: Seconds of training of its study's trials up to this one, by number: those that
            diverged or were pruned included, one that took a result with the time of its source.
    """

    trial_id: int
    study_id: int
    number: int
    value: float
    finished_at: datetime
    n_of_study: int
    compute_s: float = 0.0


# The order in which a study's best so far is determined.
Order = Literal["number", "time"]

# Made once: making it takes longer than running it.
_BEST_AHEAD = (
    select(TrialRow)
    .where(
        TrialRow.job_id == bindparam("wanted"),
        TrialRow.phase == Phase.SEARCH,
        TrialRow.state == TrialState.COMPLETED,
        TrialRow.number.is_(None),
        TrialRow.certainty != "certain",
        TrialRow.is_diverged.is_(False),
        TrialRow.value.is_not(None),
    )
    .order_by(TrialRow.value, TrialRow.id)
    .limit(1)
)


def results(session: Session, job_id: int, order: Order, most: int) -> list[Result]:
    """Return the completed search trials of a job that did not diverge, by study and number.

    For a study with more than `most` results, only the steps of its staircase: each result that
    was the best so far in the given order, and the last result.
    """
    found = []
    for study_id, own in numbered_trials.by_study(session, job_id).items():
        every = [
            (one.value, one.finished_at, one)
            for one in own
            if one.state == TrialState.COMPLETED and not one.is_diverged
            if one.value is not None and one.finished_at is not None
        ]
        shown = every if len(every) <= most else _steps(every, order)
        found += [
            Result(one.id, study_id, one.number, value, time_of(at), len(every), one.compute_s)
            for value, at, one in shown
        ]
    return found


# Its value, its end and itself.
_Completed = tuple[float, datetime | str, NumberedTrial]


def _steps(every: Sequence[_Completed], order: Order) -> list[_Completed]:
    """Return the steps of a staircase and its last result, by number."""
    in_time = sorted(every, key=lambda one: (one[1], one[2].number)) if order == "time" else every
    best, steps = math.inf, [in_time[-1]]
    for one in in_time[:-1]:
        if one[0] < best:
            best = one[0]
            steps.append(one)
    return sorted(steps, key=lambda one: one[2].number)


def best_ahead(session: Session, job_id: int) -> Trial | None:
    """Return the best search trial that was run ahead and is not in its sequence."""
    row = session.scalars(_BEST_AHEAD, {"wanted": job_id}).one_or_none()
    return None if row is None else to_value(Trial, row)


def newest_trials(session: Session, job_id: int, *, limit: int) -> list[Trial]:
    """Return a job's trials, newest first, at most `limit`."""
    found: list[Trial] = []
    # A query for each phase: the index on (job_id, phase, id) then gives the order without a sort.
    for phase in Phase:
        query = select(TrialRow).where(TrialRow.job_id == job_id, TrialRow.phase == phase)
        rows = session.scalars(query.order_by(TrialRow.id.desc()).limit(limit))
        found += [to_value(Trial, row) for row in rows]
    return sorted(found, key=lambda trial: -trial.id)[:limit]


def last_number(session: Session, study_id: int) -> int | None:
    """Return the greatest number that a search trial of a study has; None without any."""
    query = select(func.max(TrialRow.number)).where(
        TrialRow.study_id == study_id, TrialRow.phase == Phase.SEARCH
    )
    return session.scalar(query)


def of_number(session: Session, study_id: int, number: int) -> Trial | None:
    """Return the search trial of a study with this number."""
    query = select(TrialRow).where(
        TrialRow.study_id == study_id, TrialRow.phase == Phase.SEARCH, TrialRow.number == number
    )
    row = session.scalars(query).one_or_none()
    return None if row is None else to_value(Trial, row)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a trial of a search lies in the unit cube, with its value."""

    trial_id: int
    number: int | None
    point: list[float]
    params: dict[str, Any]
    value: float


def places(session: Session, study_id: int, most: int) -> list[Place]:
    """Return the completed trials of a search that did not diverge, the newest `most` of them."""
    columns = (TrialRow.id, TrialRow.number, TrialRow.point, TrialRow.params, TrialRow.value)
    query = (
        select(*columns)
        .where(
            TrialRow.study_id == study_id,
            TrialRow.phase == Phase.SEARCH,
            TrialRow.state == TrialState.COMPLETED,
            TrialRow.is_diverged.is_(False),
            TrialRow.value.is_not(None),
        )
        .order_by(TrialRow.id.desc())
        .limit(most)
    )
    return [Place(*row) for row in session.execute(query)]


def last_measurements(session: Session, trial_ids: Sequence[int]) -> dict[int, Measurement]:
    """Return the newest measurement of each of these trials that has one."""
    if not trial_ids:
        return {}
    last = (
        select(MeasurementRow.trial_id, func.max(MeasurementRow.epoch).label("epoch"))
        .where(MeasurementRow.trial_id.in_(list(trial_ids)))
        .group_by(MeasurementRow.trial_id)
        .subquery()
    )
    query = select(MeasurementRow).join(
        last,
        (MeasurementRow.trial_id == last.c.trial_id) & (MeasurementRow.epoch == last.c.epoch),
    )
    return {row.trial_id: to_value(Measurement, row) for row in session.scalars(query)}


def studies_of(session: Session, job_ids: Sequence[int]) -> list[Study]:
    """Return the studies of these jobs, in the order of their jobs and specs."""
    query = (
        select(StudyRow)
        .where(StudyRow.job_id.in_(list(job_ids)))
        .order_by(StudyRow.job_id, StudyRow.place)
    )
    return [to_value(Study, row) for row in session.scalars(query)]


@dataclass(frozen=True, slots=True)
class AtWork:
    """An attempt that runs now."""

    worker: str | None
    job_id: int
    job: str
    trial_id: int
    number: int | None
    study: str
    started_at: datetime


def at_work(session: Session, limit: int) -> list[AtWork]:
    """Return the attempts that run now, by their workers, at most `limit`."""
    columns = (
        *(AttemptRow.worker, JobRow.id, JobRow.name, AttemptRow.trial_id, TrialRow.number),
        *(StudyRow.name, AttemptRow.started_at),
    )
    query = (
        select(*columns)
        .join(JobRow, JobRow.id == AttemptRow.job_id)
        .join(TrialRow, TrialRow.id == AttemptRow.trial_id)
        .join(StudyRow, StudyRow.id == TrialRow.study_id)
        .where(JobRow.state.in_(WORKING), AttemptRow.state == AttemptState.RUNNING)
        .order_by(AttemptRow.worker, AttemptRow.id)
        .limit(limit)
    )
    return [AtWork(*row) for row in session.execute(query)]
