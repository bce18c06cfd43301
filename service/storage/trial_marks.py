"""The failed, pruned, diverged and reused trials of searches, and the values of the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from service.states import TrialState
from service.storage.overview import numbered

MarkKind = Literal["failed", "pruned", "diverged", "reused"]


@dataclass(frozen=True, slots=True)
class TrialMark:
    """A trial of a search that is more than its value, or has none.

    Attributes:
        number: Its number in its study's sequence.
        compute_s: See `service.storage.overview.Result`.
        n_of_kind: How many trials of the job are of this kind, including omitted ones.
    """

    study_id: int
    number: int
    kind: MarkKind
    finished_at: datetime
    compute_s: float
    n_of_kind: int


def marks(session: Session, job_id: int, most: int) -> list[TrialMark]:
    """Return the marked trials of a job's searches, by study and number.

    Of a kind with more than `most`, every second, third, ... in that order, so that which ones are
    shown depends on no order of arrival.
    """
    own = numbered(job_id)
    lost = own.c.state.in_((TrialState.FAILED, TrialState.CANCELLED))
    kind = case(
        (lost, "failed"),
        (own.c.state == TrialState.PRUNED, "pruned"),
        (own.c.is_diverged.is_(True), "diverged"),
        else_="reused",
    ).label("kind")
    by = (own.c.study_id, own.c.number)
    found = (
        select(
            *(own.c.study_id, own.c.number, kind, own.c.finished_at, own.c.compute_s),
            func.count().over(partition_by=kind).label("n"),
            func.row_number().over(partition_by=kind, order_by=by).label("place"),
        )
        .where(
            own.c.finished_at.is_not(None),
            or_(
                lost,
                own.c.state == TrialState.PRUNED,
                (own.c.state == TrialState.COMPLETED)
                & (own.c.is_diverged.is_(True) | own.c.cached_from.is_not(None)),
            ),
        )
        .subquery()
    )
    stride = (found.c.n + most - 1) // most
    names = ("study_id", "number", "kind", "finished_at", "compute_s", "n")
    query = (
        select(*(found.c[name] for name in names))
        .where((found.c.place - 1) % stride == 0)
        .order_by(found.c.study_id, found.c.number)
    )
    return [TrialMark(*row) for row in session.execute(query)]


@dataclass(frozen=True, slots=True)
class SearchValues:
    """The values of a search, in ascending order, and how many of its trials have ended."""

    values: list[float]
    n_ended: int


def values_of(session: Session, job_id: int) -> Mapping[int, SearchValues]:
    """Return the values of each study's numbered search trials that completed with one.

    A trial that diverged has ended without a value, as a failed one has; a pruned one's is of an
    earlier epoch, so that it has none either.
    """
    own = numbered(job_id)
    has_value = (
        (own.c.state == TrialState.COMPLETED)
        & own.c.is_diverged.is_(False)
        & own.c.value.is_not(None)
    )
    ended = (TrialState.COMPLETED, TrialState.PRUNED, TrialState.FAILED)
    counts = session.execute(
        select(own.c.study_id, func.count()).where(own.c.state.in_(ended)).group_by(own.c.study_id)
    )
    found = {study_id: SearchValues([], n) for study_id, n in counts}
    query = select(own.c.study_id, own.c.value).where(has_value).order_by(own.c.value)
    for study_id, value in session.execute(query):
        found[study_id].values.append(value)
    return found
