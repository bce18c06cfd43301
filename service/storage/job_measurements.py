"""Measurements of all trials of a job, page by page, each from the place of the last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from service.storage import columns
from service.storage.tables import MeasurementRow, TrialRow

# The trial and the epoch of the last measurement seen.
MeasurementPlace = tuple[int, int]
BEGIN: MeasurementPlace = (0, 0)

_TRIALS, _OWN = TrialRow.__table__.c, MeasurementRow.__table__.c
# What is read of a measurement and of its trial.
COLUMNS: Mapping[str, Any] = {
    "trial_id": _TRIALS.id,
    **{name: _TRIALS[name] for name in ("study_id", "phase", "number")},
    **{name: _OWN[name] for name in ("epoch", "metrics", "elapsed_s", "measured_at")},
}


def page(
    session: Session, job_id: int, after: MeasurementPlace, limit: int
) -> tuple[Mapping[str, Sequence[Any]], MeasurementPlace | None]:
    """Return the next measurements of a job's trials by trial and epoch, at most `limit`.

    Returns:
        The values of `COLUMNS`, as of `columns.values_of`; the place of the last one, None where
        there are no more.
    """
    query = (
        select(*map(columns.as_read, COLUMNS.values()))
        .select_from(TrialRow.__table__.join(MeasurementRow.__table__))
        .where(_TRIALS.job_id == job_id, _OWN.trial_id >= after[0])
        .where(tuple_(_OWN.trial_id, _OWN.epoch) > tuple_(*after))
        .order_by(_OWN.trial_id, _OWN.epoch)
        .limit(limit)
    )
    rows = session.execute(query).all()
    values = columns.values_of([*COLUMNS.values()], rows)
    found = dict(zip(COLUMNS, values, strict=True))
    is_last = len(rows) < limit
    return found, None if is_last else (found["trial_id"][-1], found["epoch"][-1])
