"""The trials of one search as points of the unit cube, without their large columns."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.states import Phase, TrialState
from service.storage.tables import TrialRow


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
    """

    trial_id: int
    number: int | None
    point: tuple[float, ...]
    value: float | None
    state: TrialState
    certainty: str
    is_diverged: bool


def search_points(
    session: Session, study_id: int, most: int, phase: Phase = Phase.SEARCH
) -> list[SearchPoint]:
    """Return the trials of a study in the order of their issue, the first `most` of them."""
    columns = (
        *(TrialRow.id, TrialRow.number, TrialRow.point, TrialRow.value, TrialRow.state),
        *(TrialRow.certainty, TrialRow.is_diverged),
    )
    query = (
        select(*columns)
        .where(TrialRow.study_id == study_id, TrialRow.phase == phase)
        .order_by(TrialRow.id)
        .limit(most)
    )
    return [
        SearchPoint(
            row.id,
            row.number,
            tuple(map(float, row.point)),
            row.value,
            TrialState(row.state),
            row.certainty,
            bool(row.is_diverged),
        )
        for row in session.execute(query)
    ]
