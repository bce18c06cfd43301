"""Queries on trials, their attempts and measurements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import fields
from functools import cache
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    Update,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from service.errors import NotFoundError
from service.records import Attempt, Measurement, Trial, TrialOutline, TrialResult
from service.states import AttemptState, Phase, TrialState, check_trial_transition
from service.storage.jobs import deleted
from service.storage.rows import to_value
from service.storage.statements import insert_into, key_chunks, put
from service.storage.tables import AttemptRow, MeasurementRow, TrialRow
from service.storage.trainer_tables import OfferRow

Values = Mapping[str, Any]
# Rows read at a time when all of a job's are read.
PAGE = 1_000

_NEW_TRIAL: dict[str, Any] = {
    **{own.name: None for own in fields(TrialResult)},
    "value": None,
    "is_diverged": False,
    "cached_from": None,
    "n_attempts": 0,
    "error": None,
    "started_at": None,
    "finished_at": None,
}
_TRIALS = cast("Table", TrialRow.__table__)
_ATTEMPTS = cast("Table", AttemptRow.__table__)
_MEASUREMENTS = cast("Table", MeasurementRow.__table__)
_NEW_ATTEMPTS = insert(_ATTEMPTS)
# Made once: making it takes longer than running it.
_WANTED = select(TrialRow).where(
    TrialRow.id == bindparam("wanted"), TrialRow.job_id.not_in(deleted())
)


def insert_all(session: Session, rows: Sequence[Values]) -> list[Trial]:
    """Store new trials and return them in the same order."""
    if not rows:
        return []
    whole = [_NEW_TRIAL | dict(row) for row in rows]
    ids = _insert(session, _TRIALS, whole)
    return [Trial(id=trial_id, **row) for trial_id, row in zip(ids, whole, strict=True)]


def _insert(session: Session, table: Table, rows: list[dict[str, Any]]) -> list[int]:
    return list(session.scalars(_inserted(table), rows))


# Made once: making a statement takes longer than running it.


@cache
def _inserted(table: Table) -> ReturningInsert[int]:
    return insert(table).returning(table.c.id, sort_by_parameter_order=True)


@cache
def _updated(table: Table, names: tuple[str, ...]) -> Update:
    changes: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names if name != "id"}
    return update(table).where(table.c.id == bindparam("new_id")).values(changes)


def _update(session: Session, table: Table, rows: Sequence[Values]) -> None:
    """Set columns of rows by their `id`, one statement for each set of columns."""
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        values = {f"new_{name}": value for name, value in row.items()}
        groups[tuple(sorted(row))].append(values)
    for names, group in groups.items():
        put(session, _updated(table, names), group)


def get(session: Session, trial_id: int) -> Trial:
    """Return a trial.

    Raises:
        NotFoundError: There is none.
    """
    row = session.scalars(_WANTED, {"wanted": trial_id}).one_or_none()
    if row is None:
        raise NotFoundError("trial", trial_id)
    return to_value(Trial, row)


def kept(session: Session, trial_ids: Collection[int]) -> set[int]:
    """Return those of these trials whose job was not deleted."""
    if not trial_ids:
        return set()
    query = select(TrialRow.id).where(
        TrialRow.id.in_(trial_ids), TrialRow.job_id.not_in(deleted())
    )
    return set(session.scalars(query))


def page(
    session: Session,
    job_id: int,
    *,
    limit: int,
    phase: Phase | None = Phase.SEARCH,
    study_id: int | None = None,
    state: TrialState | None = None,
    after: int = 0,
) -> list[Trial]:
    """Return a job's trials in the order of issue, at most `limit`, ids above `after`."""
    query = select(TrialRow).where(TrialRow.job_id == job_id, TrialRow.id > after)
    if phase is not None:
        query = query.where(TrialRow.phase == phase)
    if study_id is not None:
        query = query.where(TrialRow.study_id == study_id)
    if state is not None:
        query = query.where(TrialRow.state == state)
    rows = session.scalars(query.order_by(TrialRow.id).limit(limit))
    return [to_value(Trial, row) for row in rows]


def of_job(session: Session, job_id: int) -> list[Trial]:
    """Return all trials of a job, search and evaluation, in the order of issue."""
    query = select(TrialRow).where(TrialRow.job_id == job_id).order_by(TrialRow.id)
    return [to_value(Trial, row) for row in session.scalars(query)]


def each_of_job(session: Session, job_id: int) -> Iterator[Trial]:
    """Yield all trials of a job in the order of issue, without holding them all at once."""
    query = select(TrialRow).where(TrialRow.job_id == job_id).order_by(TrialRow.id)
    for row in session.scalars(query.execution_options(yield_per=PAGE)):
        yield to_value(Trial, row)


def outlines(session: Session, job_id: int) -> list[TrialOutline]:
    """Return the state of each of a job's trials, in the order of issue.

    Whole rows would take many times as long: their payloads and curves are JSON.
    """
    columns = (TrialRow.id, TrialRow.study_id, TrialRow.phase, TrialRow.number, TrialRow.state)
    rows = session.execute(select(*columns).where(TrialRow.job_id == job_id).order_by(TrialRow.id))
    return [
        TrialOutline(trial_id, study_id, Phase(phase), number, TrialState(state))
        for trial_id, study_id, phase, number, state in rows
    ]


def n_numbered(session: Session, job_id: int, phase: Phase) -> int:
    """Return one more than the greatest number of a job's trials of a phase; 0 without any."""
    where = (TrialRow.job_id == job_id, TrialRow.phase == phase)
    last = session.scalar(select(func.max(TrialRow.number)).where(*where))
    return 0 if last is None else last + 1


def first_of_job(session: Session, job_id: int) -> Trial | None:
    """Return the trial of a job that was issued first, None where there is none."""
    query = select(TrialRow).where(TrialRow.job_id == job_id).order_by(TrialRow.id).limit(1)
    row = session.scalars(query).first()
    return None if row is None else to_value(Trial, row)


def change(session: Session, rows: Sequence[Values]) -> None:
    """Set columns of trials; each mapping names its `id`."""
    _update(session, _TRIALS, rows)


def results(session: Session, digests: Sequence[str]) -> dict[str, Trial]:
    """Return, for each digest that has a completed result, the trial to take it from.

    That is the first that was trained; once its job was deleted, the first that reused its result.
    """
    found: dict[str, Trial] = {}
    for some in key_chunks(set(digests)):
        query = _trained(some).where(TrialRow.state == TrialState.COMPLETED)
        rows = session.scalars(query.order_by(TrialRow.id.desc()))
        mine = {row.digest: to_value(Trial, row) for row in rows}
        found |= mine | _copies(session, set(some) - mine.keys())
    return found


def elsewhere(session: Session, job_id: int, digests: Sequence[str]) -> dict[str, Trial]:
    """Return, by digest, what other jobs have completed or are training right now."""
    found: dict[str, Trial] = {}
    others = TrialRow.job_id != job_id
    for some in key_chunks(set(digests)):
        query = (
            _trained(some)
            .where(TrialRow.state.in_((TrialState.COMPLETED, TrialState.RUNNING)), others)
            .order_by(TrialRow.state.desc(), TrialRow.id.desc())  # COMPLETED comes last and wins
        )
        mine = {row.digest: to_value(Trial, row) for row in session.scalars(query)}
        done = {digest for digest, t in mine.items() if t.state is TrialState.COMPLETED}
        found |= mine | _copies(session, set(some) - done, others)
    return found


def _trained(digests: Collection[str]) -> Select[TrialRow]:
    """Select the trials with one of these digests that reused no other trial's result."""
    return select(TrialRow).where(
        TrialRow.digest.in_(digests),
        TrialRow.cached_from.is_(None),
        TrialRow.job_id.not_in(deleted()),
    )


def _copies(
    session: Session, digests: Collection[str], *conditions: ColumnElement[bool]
) -> dict[str, Trial]:
    """Return, by digest, the first trial that reused a result, for use once its job is deleted."""
    if not digests:
        return {}
    first = (
        select(func.min(TrialRow.id))
        .where(
            TrialRow.digest.in_(digests),
            TrialRow.state == TrialState.COMPLETED,
            TrialRow.job_id.not_in(deleted()),
            *conditions,
        )
        .group_by(TrialRow.digest)
    )
    rows = session.scalars(select(TrialRow).where(TrialRow.id.in_(first)))
    return {row.digest: to_value(Trial, row) for row in rows}


def count_failed_attempts(session: Session, trial_id: int) -> int:
    """Count the attempts at a trial that raised."""
    query = select(func.count()).where(
        AttemptRow.trial_id == trial_id, AttemptRow.state == AttemptState.FAILED
    )
    return session.scalar(query) or 0


def cancel_open(session: Session, job_ids: Collection[int], now: Any) -> None:  # noqa: ANN401 - a time
    """Cancel every trial of some jobs that has not ended, and the attempts at them.

    What is offered to trainers is withdrawn first: a claim that is on its way is waited for, and
    none comes later.
    """
    session.execute(delete(OfferRow).where(OfferRow.job_id.in_(job_ids)))
    open_states = (TrialState.WAITING, TrialState.RUNNING)
    session.execute(
        update(TrialRow)
        .where(TrialRow.job_id.in_(job_ids), TrialRow.state.in_(open_states))
        .values(state=TrialState.CANCELLED, finished_at=now)
    )
    session.execute(
        update(AttemptRow)
        .where(AttemptRow.job_id.in_(job_ids), AttemptRow.state == AttemptState.RUNNING)
        .values(state=AttemptState.CANCELLED, finished_at=now)
    )


def supersede(session: Session, trial_ids: Collection[int]) -> None:
    """Remove trials from their study; any trial with the same digest may reuse their results."""
    for some in key_chunks(trial_ids):
        session.execute(
            update(TrialRow)
            .where(TrialRow.id.in_(some))
            .values(phase=Phase.SUPERSEDED, number=None)
        )


def supersede_study(session: Session, study_id: int) -> None:
    """As `supersede`, for all trials of a study."""
    chosen = update(TrialRow).where(TrialRow.study_id == study_id)
    session.execute(chosen.values(phase=Phase.SUPERSEDED, number=None))


def supersede_phases(session: Session, job_id: int, phases: Collection[Phase]) -> None:
    """As `supersede`, for all trials of a job in some phases."""
    chosen = update(TrialRow).where(TrialRow.job_id == job_id, TrialRow.phase.in_(phases))
    session.execute(chosen.values(phase=Phase.SUPERSEDED, number=None))


def wait_again(session: Session, found: Sequence[TrialOutline]) -> None:
    """Let failed and pruned trials wait again; their attempts continue to count.

    Raises:
        IllegalTransitionError: One of them has a result.
    """
    for trial in found:
        check_trial_transition(trial.state, TrialState.WAITING)
    for some in key_chunks([trial.id for trial in found]):
        session.execute(
            update(TrialRow)
            .where(TrialRow.id.in_(some))
            .values(
                state=TrialState.WAITING,
                value=None,
                metrics=None,
                cached_from=None,
                started_at=None,
                finished_at=None,
                error=None,
            )
        )


def insert_attempts(session: Session, rows: Sequence[Values]) -> list[int]:
    """Store new attempts, RUNNING, and return their ids in the same order.

    Where all have their `id` already, they are gathered.
    """
    fresh = {"state": AttemptState.RUNNING, "is_late": False}
    given = [{**row, **fresh} for row in rows]
    if all("id" in row for row in rows):
        put(session, _NEW_ATTEMPTS, given)
        return [row["id"] for row in rows]
    return _insert(session, _ATTEMPTS, given)


def attempts(session: Session, trial_id: int) -> list[Attempt]:
    """Return the attempts at a trial, first to last."""
    query = select(AttemptRow).where(AttemptRow.trial_id == trial_id).order_by(AttemptRow.number)
    return [to_value(Attempt, row) for row in session.scalars(query)]


def running_attempts(session: Session, job_id: int) -> list[Attempt]:
    """Return a job's attempts that have not ended."""
    query = select(AttemptRow).where(
        AttemptRow.job_id == job_id, AttemptRow.state == AttemptState.RUNNING
    )
    return [to_value(Attempt, row) for row in session.scalars(query)]


def workers_of(session: Session, job_id: int) -> list[str]:
    """Return the workers of all attempts whose results a job has or reuses, each once."""
    reused = select(TrialRow.cached_from).where(
        TrialRow.job_id == job_id, TrialRow.cached_from.is_not(None)
    )
    done = select(AttemptRow.worker).where(
        AttemptRow.state == AttemptState.COMPLETED, AttemptRow.worker.is_not(None)
    )
    both = done.where(AttemptRow.job_id == job_id).union(
        done.where(AttemptRow.trial_id.in_(reused))
    )
    return list(session.scalars(both))


def without_result(session: Session, attempt_ids: Collection[int]) -> set[int]:
    """Return those of these attempts whose result was not taken in."""
    found: set[int] = set()
    for some in key_chunks(attempt_ids):
        query = select(AttemptRow.id).where(
            AttemptRow.id.in_(some),
            AttemptRow.state.not_in((AttemptState.COMPLETED, AttemptState.FAILED)),
        )
        found |= set(session.scalars(query))
    return found


def change_attempts(session: Session, rows: Sequence[Values]) -> None:
    """Set columns of attempts; each mapping names its `id`."""
    _update(session, _ATTEMPTS, rows)


def insert_measurements(session: Session, rows: Sequence[Values]) -> None:
    """Store measurements; an epoch that is stored already stays as it is.

    A commit may succeed although its answer is lost; it is then repeated.
    """
    if rows:
        statement = insert_into(session, _MEASUREMENTS).on_conflict_do_nothing()
        session.connection().execute(statement, [dict(row) for row in rows])


def forget_measurements(session: Session, trial_ids: Sequence[int]) -> None:
    """Remove the measurements of attempts that were given up: the next attempt measures again."""
    for some in key_chunks(trial_ids):
        session.query(MeasurementRow).where(MeasurementRow.trial_id.in_(some)).delete()


def measurements(session: Session, trial_id: int) -> list[Measurement]:
    """Return a trial's measurements, first epoch first."""
    query = (
        select(MeasurementRow)
        .where(MeasurementRow.trial_id == trial_id)
        .order_by(MeasurementRow.epoch)
    )
    return [to_value(Measurement, row) for row in session.scalars(query)]
