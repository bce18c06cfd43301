"""The trials of one search as points of the unit cube, without their large columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Subquery, and_, case, func, or_, select
from sqlalchemy.orm import Session

from service.states import Phase, TrialState
from service.storage.tables import TrialRow

_COLUMNS = (
    *(TrialRow.id, TrialRow.number, TrialRow.point, TrialRow.value, TrialRow.state),
    *(TrialRow.certainty, TrialRow.is_diverged),
)


@dataclass(frozen=True, slots=True)
class SearchPoint:
    """A trial of a search.

    Attributes:
        trial_id: Its id.
        number: Its number in the sequence of its search; None for one that ran ahead of it.
        point: Its point of the unit cube, shape (dimension,).
        value: Its value, None where it has none.
        state: Its state.
        certainty: How sure its search was to need it when it was issued.
        is_diverged: Whether its value stands for a loss without bound.
        is_even: Whether it is one of an even sample of its search, chosen without its value.
    """

    trial_id: int
    number: int | None
    point: tuple[float, ...]
    value: float | None
    state: TrialState
    certainty: str
    is_diverged: bool
    is_even: bool = True


@dataclass(frozen=True, slots=True)
class SomePoints:
    """Trials of a search, all of them or a choice.

    Attributes:
        points: In the order of their issue.
        n_trials: How many the search has.
    """

    points: Sequence[SearchPoint]
    n_trials: int

    def __len__(self) -> int:
        """Return how many were read."""
        return len(self.points)


def some_points(
    session: Session, study_id: int, most: int, phase: Phase = Phase.SEARCH
) -> SomePoints:
    """Return the trials of a study, at most `most` of them.

    Of more, the best quarter of `most`, and for the rest every second, third, ... of the
    sequence: those are `is_even`, and what is estimated of the search is estimated from them.
    Which ones they are depends on the numbers and values of the trials, on no order of arrival.
    """
    own = and_(TrialRow.study_id == study_id, TrialRow.phase == phase)
    n: int = session.execute(select(func.count()).where(own)).scalar_one()
    if n <= most:
        rows = session.execute(select(*_COLUMNS).where(own).order_by(TrialRow.id))
        return SomePoints(_points(rows), n)
    n_best = most // 4
    stride = -(-n // (most - n_best))
    ranks = _ranks(own)
    is_even = (ranks.c.place - 1) % stride == 0
    query = (
        select(*_COLUMNS, is_even.label("is_even"))
        .join(ranks, ranks.c.id == TrialRow.id)
        .where(or_(is_even, ranks.c.rank <= n_best))
        .order_by(TrialRow.id)
    )
    return SomePoints(_points(session.execute(query)), n)


def first_points(session: Session, study_id: int, most: int) -> list[SearchPoint]:
    """Return the first `most` trials of a search's sequence, in its order."""
    own = (TrialRow.study_id == study_id, TrialRow.phase == Phase.SEARCH)
    query = select(*_COLUMNS).where(*own, TrialRow.number.is_not(None))
    return _points(session.execute(query.order_by(TrialRow.number).limit(most)))


def _ranks(own: ColumnElement[bool]) -> Subquery:
    """Return the place of each trial in the sequence and among the values, both from 1."""
    is_result = and_(TrialRow.state == TrialState.COMPLETED, TrialRow.is_diverged.is_not(True))
    in_sequence = (TrialRow.number.asc().nulls_last(), TrialRow.id)
    by_value = (case((is_result, 0), else_=1), TrialRow.value.asc().nulls_last(), *in_sequence)
    return (
        select(
            TrialRow.id,
            func.row_number().over(order_by=in_sequence).label("place"),
            func.row_number().over(order_by=by_value).label("rank"),
        )
        .where(own)
        .subquery()
    )


def _points(rows: Iterable[Row[Any]]) -> list[SearchPoint]:
    return [
        SearchPoint(
            row.id,
            row.number,
            tuple(map(float, row.point)),
            row.value,
            TrialState(row.state),
            row.certainty,
            bool(row.is_diverged),
            bool(getattr(row, "is_even", True)),
        )
        for row in rows
    ]
