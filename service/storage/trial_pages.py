"""Pages of a job's trials: filtered, in one of several orders, each from the place of the last.

The ids of a page are selected first, then its rows: a sort that carried payloads and curves would
take many times as long. No order has an index of its own: of 100,000 trials of a job the ids of a
page take 20 ms by number, 100 ms by value and 220 ms where a param is filtered (SQLite,
`benchmarks/page_cost.py`), and every index costs each trial that is stored.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select, tuple_
from sqlalchemy.orm import Session

from service.records import Trial
from service.states import Phase, TrialState
from service.storage.rows import to_value
from service.storage.statements import is_postgresql
from service.storage.tables import TrialRow

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


ALL = TrialFilter()
IN_ORDER = TrialOrder()

# A diverged trial shows no value, and one that reused a result was not trained.
_VALUE = case((TrialRow.is_diverged.is_(False), TrialRow.value))
_TRAINING: Any = case((TrialRow.cached_from.is_(None), TrialRow.training_s))  # type: ignore[attr-defined]
_COLUMNS: Mapping[TrialKey, Any] = {
    TrialKey.ID: TrialRow.id,
    TrialKey.NUMBER: TrialRow.number,
    TrialKey.VALUE: _VALUE,
    TrialKey.TRAINING: _TRAINING,
    TrialKey.STATE: TrialRow.state,
    TrialKey.STUDY: TrialRow.study_id,
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
) -> list[Trial]:
    """Return the next trials of an order, at most `limit`; `after` is the last one's place."""
    column = _COLUMNS[order.key]
    query = select(TrialRow.id).where(TrialRow.job_id == job_id, *_conditions(wanted, order))
    for path, found in wanted.params.items():
        query = query.where(_param(path, found, is_postgresql=is_postgresql(session)))
    if after is not None:
        query = query.where(_beyond(column, order, after))
    keys = [column, TrialRow.id] if order.key is not TrialKey.ID else [TrialRow.id]
    ends = [] if order.key in _NEVER_NULL else [column.is_(None)]
    query = query.order_by(*ends, *(key.desc() if order.is_falling else key for key in keys))
    ids = list(session.scalars(query.limit(limit)))
    rows = session.scalars(select(TrialRow).where(TrialRow.id.in_(ids)))
    found = {row.id: to_value(Trial, row) for row in rows}
    return [found[trial_id] for trial_id in ids if trial_id in found]


_NEVER_NULL = frozenset({TrialKey.ID, TrialKey.STATE, TrialKey.STUDY})


def place_of(trial: Trial, order: TrialOrder) -> TrialPlace:
    """Return a trial's place in an order."""
    value = {
        TrialKey.NUMBER: trial.number,
        TrialKey.VALUE: None if trial.is_diverged else trial.value,
        TrialKey.TRAINING: trial.training_s if trial.cached_from is None else None,
        TrialKey.STATE: trial.state.value,
        TrialKey.STUDY: trial.study_id,
    }.get(order.key)
    return TrialPlace(trial.id, "" if value is None else str(value))


def _beyond(column: Any, order: TrialOrder, place: TrialPlace) -> ColumnElement[bool]:  # noqa: ANN401 - a column
    """Return whether a trial comes after a place."""
    by_id = TrialRow.id < place.id if order.is_falling else TrialRow.id > place.id
    if order.key is TrialKey.ID:
        return by_id
    key = _key_of(order, place.key)
    if key is None:
        return and_(column.is_(None), by_id)
    here, there = tuple_(column, TrialRow.id), tuple_(key, place.id)
    further = here < there if order.is_falling else here > there
    return further if order.key in _NEVER_NULL else or_(further, column.is_(None))


def _key_of(order: TrialOrder, text: str) -> str | float | None:
    """Read the key of a place; what is no key of the order counts as none."""
    if order.key in _TEXTS:
        return text
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _conditions(wanted: TrialFilter, order: TrialOrder) -> Iterator[ColumnElement[bool]]:
    if wanted.phases is not None:
        yield TrialRow.phase.in_(sorted(wanted.phases))
    if wanted.study_ids is not None:
        yield TrialRow.study_id.in_(sorted(wanted.study_ids))
    if wanted.state is not None:
        yield TrialRow.state == wanted.state
    if wanted.min_value is not None:
        yield wanted.min_value <= _VALUE
    if wanted.max_value is not None:
        yield wanted.max_value >= _VALUE
    if wanted.from_number is not None and order.key is TrialKey.NUMBER:
        number = TrialRow.number
        yield number <= wanted.from_number if order.is_falling else number >= wanted.from_number
    if wanted.text is not None:
        parts = (TrialRow.error[name].as_string() for name in ("title", "detail"))
        yield or_(*(part.icontains(wanted.text, autoescape=True) for part in parts))


def _param(path: Path, wanted: ParamRange, *, is_postgresql: bool) -> ColumnElement[bool]:
    """Return whether a param lies in a range; texts lie in none, and only equal a word."""
    value = TrialRow.params[path]
    if wanted.word is not None:
        return value.as_string() == wanted.word
    kind = func.json_typeof(value) if is_postgresql else func.json_type(value)
    # A text cannot be cast to a number on PostgreSQL, and is above every number on SQLite.
    number = case((kind.in_(("number", "integer", "real")), value.as_float()))
    lower, upper = number >= wanted.low, number <= wanted.high
    ends = [lower] * math.isfinite(wanted.low) + [upper] * math.isfinite(wanted.high)
    return and_(*(ends or [number.is_not(None)]))
