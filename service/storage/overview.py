"""Queries on many jobs or trials at once, without their large columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Subquery, bindparam, func, select
from sqlalchemy.orm import Session

from service.records import Measurement, Study, Trial
from service.states import AttemptState, Phase, TrialState
from service.storage.jobs import WORKING
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
_ORDERS: Mapping[Order, tuple[str, ...]] = {
    "number": ("number",),
    "time": ("finished_at", "number"),
}

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


def numbered(job_id: int) -> Subquery:
    """Return the search trials of a job that have a number, with what was trained up to each."""
    spent_s = func.coalesce(TrialRow.training_s, 0.0)  # type: ignore[attr-defined]
    columns = (
        *(TrialRow.id, TrialRow.study_id, TrialRow.number, TrialRow.state, TrialRow.value),
        *(TrialRow.is_diverged, TrialRow.cached_from, TrialRow.finished_at),
        func.sum(spent_s)
        .over(partition_by=TrialRow.study_id, order_by=TrialRow.number)
        .label("compute_s"),
    )
    return (
        select(*columns)
        .where(
            TrialRow.job_id == job_id,
            TrialRow.phase == Phase.SEARCH,
            TrialRow.number.is_not(None),
        )
        .subquery()
    )


def results(session: Session, job_id: int, order: Order, most: int) -> list[Result]:
    """Return the completed search trials of a job that did not diverge, by study and number.

    For a study with more than `most` results, only the steps of its staircase: each result that
    was the best so far in the given order, and the last result. The database selects them.
    """
    own = numbered(job_id)
    study, by = own.c.study_id, [own.c[name] for name in _ORDERS[order]]
    best_before = func.min(own.c.value).over(partition_by=study, order_by=by, rows=(None, -1))
    found = (
        select(
            *(own.c[name] for name in ("id", "study_id", "number", "value", "finished_at")),
            own.c.compute_s,
            func.count().over(partition_by=study).label("n"),
            best_before.label("best_before"),
            func.lead(own.c.id).over(partition_by=study, order_by=by).label("next_id"),
        )
        .where(
            own.c.state == TrialState.COMPLETED,
            own.c.is_diverged.is_(False),
            own.c.value.is_not(None),
            own.c.finished_at.is_not(None),
        )
        .subquery()
    )
    is_step = found.c.best_before.is_(None) | (found.c.value < found.c.best_before)
    names = ("id", "study_id", "number", "value", "finished_at", "n", "compute_s")
    query = (
        select(*(found.c[name] for name in names))
        .where((found.c.n <= most) | is_step | found.c.next_id.is_(None))
        .order_by(found.c.study_id, found.c.number)
    )
    return [Result(*row) for row in session.execute(query)]


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
