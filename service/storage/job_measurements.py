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


# What is read of a measurement and of its trial.
COLUMNS: Mapping[str, Any] = {
    "trial_id": TrialRow.id,
    **{name: getattr(TrialRow, name) for name in ("study_id", "phase", "number")},
    **{n: getattr(MeasurementRow, n) for n in ("epoch", "metrics", "elapsed_s", "measured_at")},
}


def page(
    session: Session, job_id: int, after: MeasurementPlace, limit: int
) -> tuple[Mapping[str, Sequence[Any]], MeasurementPlace | None]:
    """Return the next measurements of a job's trials by trial and epoch, at most `limit`.

    Returns:
        The values of `COLUMNS`, as of `columns.values_of`; the place of the last one, None where
        there are no more.
    """
    trial, own = TrialRow, MeasurementRow
    query = (
        select(*map(columns.as_read, COLUMNS.values()))
        .join(own, own.trial_id == trial.id)
        .where(trial.job_id == job_id, own.trial_id >= after[0])
        .where(tuple_(own.trial_id, own.epoch) > tuple_(*after))
        .order_by(own.trial_id, own.epoch)
        .limit(limit)
    )
    rows = session.execute(query).all()
    values = columns.values_of([*COLUMNS.values()], rows)
    found = dict(zip(COLUMNS, values, strict=True))
    is_last = len(rows) < limit
    return found, None if is_last else (found["trial_id"][-1], found["epoch"][-1])
