"""The search trials of a job that have a number, in one scan: what its figures are made of."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from service.states import Phase
from service.storage import columns
from service.storage.recent import once
from service.storage.tables import TrialRow


class NumberedTrial(NamedTuple):
    """A search trial in its study's sequence.

    Attributes:
        finished_at: As the database has it, see `service.storage.columns.time_of`; it rises with
            the time.
        compute_s: Seconds of training of its study's trials up to this one, by number.
    """

    study_id: int
    number: int
    id: int
    state: str
    value: float | None
    is_diverged: bool
    cached_from: int | None
    finished_at: datetime | str | None
    compute_s: float


# Made once: making it takes longer than running it.
_NUMBERED = (
    select(
        *(TrialRow.study_id, TrialRow.number, TrialRow.id, TrialRow.state, TrialRow.value),
        *(TrialRow.is_diverged, TrialRow.cached_from, columns.as_read(TrialRow.finished_at)),
        TrialRow.training_s,  # type: ignore[attr-defined]
    )
    .where(
        TrialRow.job_id == bindparam("wanted"),
        TrialRow.phase == Phase.SEARCH,
        TrialRow.number.is_not(None),
    )
    .order_by(TrialRow.study_id, TrialRow.number)
)


def by_study(session: Session, job_id: int) -> dict[int, list[NumberedTrial]]:
    """Return the numbered search trials of each study of a job, by number.

    A transaction reads them once. Windows in the database would take several times as long as
    reading all of them.
    """
    return once(session, (NumberedTrial, job_id), partial(_read, session, job_id))


def _read(session: Session, job_id: int) -> dict[int, list[NumberedTrial]]:
    # Past the ORM, whose own part of so many rows is a quarter.
    rows = session.connection().execute(_NUMBERED, {"wanted": job_id})
    return {study_id: _summed(own) for study_id, own in groupby(rows, lambda row: row[0])}


def _summed(rows: Iterable[Any]) -> list[NumberedTrial]:
    found, compute_s = list[NumberedTrial](), 0.0
    for study_id, number, id_, state, value, is_diverged, source, at, training_s in rows:
        compute_s += training_s or 0.0
        found.append(
            NumberedTrial(study_id, number, id_, state, value, is_diverged, source, at, compute_s)
        )
    return found
