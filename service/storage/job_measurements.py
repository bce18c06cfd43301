"""Measurements of all trials of a job, page by page, each from the place of the last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from service.states import Phase
from service.storage.tables import MeasurementRow, TrialRow

# The trial and the epoch of the last measurement seen.
MeasurementPlace = tuple[int, int]
BEGIN: MeasurementPlace = (0, 0)


@dataclass(frozen=True, slots=True)
class TrialMeasurement:
    """A measurement, and where its trial stands."""

    trial_id: int
    study_id: int
    phase: Phase
    number: int | None
    epoch: int
    metrics: dict[str, Any]
    elapsed_s: float
    measured_at: datetime


def page(
    session: Session, job_id: int, after: MeasurementPlace, limit: int
) -> list[TrialMeasurement]:
    """Return the next measurements of a job's trials by trial and epoch, at most `limit`."""
    trial, own = TrialRow, MeasurementRow
    query = (
        select(
            *(trial.id, trial.study_id, trial.phase, trial.number),
            *(own.epoch, own.metrics, own.elapsed_s, own.measured_at),
        )
        .join(own, own.trial_id == trial.id)
        .where(trial.job_id == job_id, own.trial_id >= after[0])
        .where(tuple_(own.trial_id, own.epoch) > tuple_(*after))
        .order_by(own.trial_id, own.epoch)
        .limit(limit)
    )
    rows = session.execute(query)
    return [
        TrialMeasurement(trial_id, study_id, Phase(phase), *rest)
        for trial_id, study_id, phase, *rest in rows
    ]
