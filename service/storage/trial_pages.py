"""Pages of a job's trials: filtered, in one of several orders, each from the place of the last.

The ids of a page are found first, then its rows: a sort that carried payloads and curves would
take many times as long. In the order of ids an index has them; all other orders, and the filters
by values, texts and params, look at all trials of the job once, and keep what they found
(`service.storage.trial_orders`).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from hashlib import sha256
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    and_,
    bindparam,
    case,
    func,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from service.records import Trial
from service.states import Phase, TrialState
from service.storage import events, jobs, stored_trials
from service.storage.answers import answers_in
from service.storage.job_pages import MAX_ID
from service.storage.statements import is_postgresql
from service.storage.stored_trials import StoredTrial
from service.storage.tables import LARGEST_NUMBER, StudyRow, TrialRow
from service.storage.trial_orders import OrderedIds

Path = str | tuple[str, int]


class TrialKey(StrEnum):
    """What trials are ordered by; equal ones by their ids."""

    ID = "id"
    NUMBER = "number"
    VALUE = "value"
    TRAINING = "training"
    STATE = "state"
    STUDY = "study"


@dataclass(frozen=True, slots=True)
class TrialOrder:
    """An order of trials; those without a value of its key come last, rising or falling."""

    key: TrialKey = TrialKey.ID
    is_falling: bool = False


@dataclass(frozen=True, slots=True)
class TrialPlace:
    """A trial's place in an order: its id, and its value of the key, "" if it has none."""

    id: int
    key: str = ""

    def __str__(self) -> str:
        """Return it as a cursor."""
        return f"{self.id},{self.key}" if self.key else str(self.id)

    @classmethod
    def of(cls, cursor: str) -> TrialPlace:
        """Read a cursor that begins with a number."""
        number, _, key = cursor.partition(",")
        return cls(int(number), key)


@dataclass(frozen=True, slots=True)
class ParamRange:
    """What a param must be: from `low` to `high`, both included, or the text `word`."""

    low: float = -math.inf
    high: float = math.inf
    word: str | None = None


@dataclass(frozen=True, slots=True)
class TrialFilter:
    """Which trials are wanted: those that fit everything that is given.

    Attributes:
        phases: What they serve; None for anything.
        study_ids: Of the studies; None for all.
        text: A part of their error's title or detail, of any case.
        from_number: No number before this one in the order, where that is the number's.
        params: By the name of a param, or its name and the index in its list.
    """

    phases: Collection[Phase] | None = None
    study_ids: Collection[int] | None = None
    state: TrialState | None = None
    min_value: float | None = None
    max_value: float | None = None
    text: str | None = None
    from_number: int | None = None
    params: Mapping[Path, ParamRange] = field(default_factory=dict)

    @property
    def all_phases(self) -> list[Phase]:
        """The phases that are wanted."""
        return list(Phase) if self.phases is None else sorted(self.phases)

    @property
    def looks_into_trials(self) -> bool:
        """Whether each trial must be looked at, since no index has what is asked."""
        ends = (self.min_value, self.max_value, self.text)
        return bool(self.params) or any(end is not None for end in ends)


ALL = TrialFilter()
IN_ORDER = TrialOrder()

_TRAINING_S: Any = TrialRow.training_s  # type: ignore[attr-defined]
_COLUMNS: Mapping[TrialKey, Any] = {
    TrialKey.ID: TrialRow.id,
    TrialKey.NUMBER: TrialRow.number,
    TrialKey.VALUE: TrialRow.value,
    TrialKey.TRAINING: _TRAINING_S,
    TrialKey.STATE: TrialRow.state,
    TrialKey.STUDY: TrialRow.study_id,
}
# Which trials have a value of a key; those that are not named all have one. A diverged trial shows
# no value, and one that reused a result was not trained.
_HAVE: Mapping[TrialKey, ColumnElement[bool]] = {
    TrialKey.NUMBER: TrialRow.number.is_not(None),
    TrialKey.VALUE: and_(TrialRow.value.is_not(None), TrialRow.is_diverged.is_(False)),
    TrialKey.TRAINING: and_(_TRAINING_S.is_not(None), TrialRow.cached_from.is_(None)),
}
_TEXTS = frozenset({TrialKey.STATE})


def page(
    session: Session,
    job_id: int,
    wanted: TrialFilter = ALL,
    *,
    limit: int,
    order: TrialOrder = IN_ORDER,
    after: TrialPlace | None = None,
    until: TrialPlace | None = None,
) -> list[StoredTrial]:
    """Return the next trials of an order, at most `limit`; `stored_trials.trial_of` reads them.

    Args:
        session: In a transaction.
        job_id: Of which job.
        wanted: Which of them.
        limit: At most so many.
        order: By what.
        after: The place of the last one seen.
        until: The last place that is wanted.

    Raises:
        NotFoundError: There is no such job.
    """
    ids = ids_of(session, job_id, wanted, limit=limit, order=order, after=after, until=until)
    return stored_trials.of_ids(session, ids)


def ids_of(
    session: Session,
    job_id: int,
    wanted: TrialFilter = ALL,
    *,
    limit: int,
    order: TrialOrder = IN_ORDER,
    after: TrialPlace | None = None,
    until: TrialPlace | None = None,
) -> list[int]:
    """Return the ids of the next trials of an order, as `page` takes them."""
    if order.key is TrialKey.ID and not wanted.looks_into_trials:
        return _indexed(session, job_id, wanted, order, after, until, limit)
    return _window(_ordered(session, job_id, wanted, order), order, after, until, limit)


def _indexed(
    session: Session,
    job_id: int,
    wanted: TrialFilter,
    order: TrialOrder,
    after: TrialPlace | None,
    until: TrialPlace | None,
    limit: int,
) -> list[int]:
    """Return the next ids in the order of ids.

    A part of the query for each phase: its index then has the order, and little is sorted.
    """
    query = _in_order_of_ids(
        tuple(wanted.all_phases),
        is_falling=order.is_falling,
        has_studies=wanted.study_ids is not None,
        has_state=wanted.state is not None,
    )
    first, last = (until, after) if order.is_falling else (after, until)
    given = {
        "job": job_id,
        "studies": sorted(wanted.study_ids or ()),
        "state": wanted.state,
        # Both ends are left out.
        "above": (first.id - order.is_falling) if first is not None else 0,
        "below": (last.id + (not order.is_falling)) if last is not None else MAX_ID,
        "most": limit,
    }
    return sorted(session.scalars(query, given), reverse=order.is_falling)[:limit]


@cache
def _in_order_of_ids(
    phases: tuple[Phase, ...], *, is_falling: bool, has_studies: bool, has_state: bool
) -> CompoundSelect[int]:
    """Return the query for the next ids of each phase; making it takes longer than running it."""
    query = select(TrialRow.id).where(
        TrialRow.job_id == bindparam("job"),
        TrialRow.id > bindparam("above"),
        TrialRow.id < bindparam("below"),
    )
    if has_studies:
        query = query.where(TrialRow.study_id.in_(bindparam("studies", expanding=True)))
    if has_state:
        query = query.where(TrialRow.state == bindparam("state"))
    query = query.order_by(TrialRow.id.desc() if is_falling else TrialRow.id)
    query = query.limit(bindparam("most"))
    parts = (query.where(TrialRow.phase == phase).subquery() for phase in phases)
    return union_all(*(select(part.c.id) for part in parts))


def _ordered(session: Session, job_id: int, wanted: TrialFilter, order: TrialOrder) -> OrderedIds:
    """Return all ids in an order, from the cache while the job has no news."""
    key, have = _COLUMNS[order.key], _HAVE.get(order.key)

    def find() -> OrderedIds:
        known = key if have is None else case((have, key))
        query = select(TrialRow.id, null() if order.key is TrialKey.ID else known)
        query = query.where(*_conditions(session, job_id, wanted, order))
        query = query.where(TrialRow.phase.in_(wanted.all_phases)).order_by(known, TrialRow.id)
        return OrderedIds.of(session.execute(query))

    # Both directions are one order, unless the filter begins at a number of one of them.
    by = order.key if wanted.from_number is None else order
    asked = sha256(repr((wanted, by)).encode()).hexdigest()
    job, last_event_id = jobs.get(session, job_id), events.last_id(session, job_id)
    return answers_in(session).about(f"order {asked}", job, last_event_id, find)


def _window(
    found: OrderedIds,
    order: TrialOrder,
    after: TrialPlace | None,
    until: TrialPlace | None,
    limit: int,
) -> list[int]:
    """Return the next ids of an order: those with the key first."""
    begin, end = _keyed(order, after), _keyed(order, until)
    ids: list[int] = []
    if after is None or begin is not None:
        ids = found.first_part(begin, end, limit, is_falling=order.is_falling)
    if until is None or end is None:
        last_seen = after.id if after is not None and begin is None else None
        last = until.id if until is not None else None
        left = limit - len(ids)
        ids += found.second_part(last_seen, last, left, is_falling=order.is_falling)
    return ids


def _keyed(order: TrialOrder, place: TrialPlace | None) -> tuple[str | float, int] | None:
    """Return the key and the id of a place; None where it has no key."""
    key = None if place is None else _key_of(order, place.key)
    return None if place is None or key is None else (key, place.id)


def sample_params(session: Session, job_id: int) -> dict[str, Any]:
    """Return an example of each param that a job's trials have: those of each study's first."""
    first = select(func.min(TrialRow.id)).where(TrialRow.study_id == StudyRow.id)
    ids = select(first.scalar_subquery()).where(StudyRow.job_id == job_id)
    query = select(TrialRow.params).where(TrialRow.id.in_(ids)).order_by(TrialRow.id)
    found: dict[str, Any] = {}
    for params in session.scalars(query):
        found = {**params, **found}
    return found


def sample_metrics(session: Session, job_id: int) -> list[str]:
    """Return the metrics of the first completed trial of each study and phase of a job."""
    first = (
        select(func.min(TrialRow.id))
        .where(TrialRow.job_id == job_id, TrialRow.state == TrialState.COMPLETED)
        .group_by(TrialRow.study_id, TrialRow.phase)
    )
    query = select(TrialRow.metrics).where(TrialRow.id.in_(first)).order_by(TrialRow.id)  # type: ignore[attr-defined]
    return list(dict.fromkeys(name for each in session.scalars(query) for name in each or {}))


def place_of(trial: Trial | StoredTrial, order: TrialOrder) -> TrialPlace:
    """Return a trial's place in an order."""
    value = {
        TrialKey.NUMBER: trial.number,
        TrialKey.VALUE: None if trial.is_diverged else trial.value,
        TrialKey.TRAINING: trial.training_s if trial.cached_from is None else None,
        TrialKey.STATE: str(trial.state),
        TrialKey.STUDY: trial.study_id,
    }.get(order.key)
    return TrialPlace(trial.id, "" if value is None else str(value))


def _key_of(order: TrialOrder, text: str) -> str | float | None:
    """Read the key of a place; what is no key of the order counts as none."""
    if order.key in _TEXTS:
        return text
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _conditions(
    session: Session, job_id: int, wanted: TrialFilter, order: TrialOrder
) -> Iterator[ColumnElement[bool]]:
    """Return what holds for the wanted trials of a job, of any phase."""
    yield TrialRow.job_id == job_id
    for path, asked in wanted.params.items():
        yield _param(path, asked, is_postgresql=is_postgresql(session))
    if wanted.study_ids is not None:
        yield TrialRow.study_id.in_(sorted(wanted.study_ids))
    if wanted.state is not None:
        yield TrialRow.state == wanted.state
    if wanted.min_value is not None:
        yield and_(_HAVE[TrialKey.VALUE], TrialRow.value >= wanted.min_value)
    if wanted.max_value is not None:
        yield and_(_HAVE[TrialKey.VALUE], TrialRow.value <= wanted.max_value)
    if wanted.from_number is not None and order.key is TrialKey.NUMBER:
        number, first = TrialRow.number, min(wanted.from_number, LARGEST_NUMBER)
        yield number <= first if order.is_falling else number >= first
    if wanted.text is not None:
        parts = (TrialRow.error[name].as_string() for name in ("title", "detail"))
        yield or_(*(part.icontains(wanted.text, autoescape=True) for part in parts))


def _param(path: Path, wanted: ParamRange, *, is_postgresql: bool) -> ColumnElement[bool]:
    """Return whether a param lies in a range; texts lie in none, and only equal a word."""
    value = TrialRow.params[path]
    if wanted.word is not None:
        is_word: ColumnElement[bool] = value.as_string() == wanted.word
        return is_word
    kind = func.json_typeof(value) if is_postgresql else func.json_type(value)
    # A text cannot be cast to a number on PostgreSQL, and is above every number on SQLite.
    number = case((kind.in_(("number", "integer", "real")), value.as_float()))
    lower, upper = number >= wanted.low, number <= wanted.high
    ends = [lower] * math.isfinite(wanted.low) + [upper] * math.isfinite(wanted.high)
    found: ColumnElement[bool] = and_(*(ends or [number.is_not(None)]))
    return found
