"""From rows to the values of service.records: columns and fields share their names."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Row

from service import records, states, webhook_records
from service.storage.declarative import Base

T = TypeVar("T")

_ENUMS: dict[tuple[Hashable, str], type] = {
    (records.Job, "state"): states.JobState,
    (records.Study, "role"): states.Role,
    (records.Trial, "state"): states.TrialState,
    (records.Trial, "phase"): states.Phase,
    (records.Attempt, "state"): states.AttemptState,
    (records.Calibration, "state"): states.CalibrationState,
    (records.Import, "state"): states.ImportState,
    (webhook_records.WebhookDelivery, "state"): states.DeliveryState,
}


@cache
def _plan(kind: Hashable) -> tuple[tuple[str, type | None], ...]:
    return tuple((f.name, _ENUMS.get((kind, f.name))) for f in fields(kind))  # type: ignore[arg-type]


def to_value(kind: type[T], row: Base | Row[Any]) -> T:
    """Copy a row into a value of `kind`."""
    values: dict[str, Any] = {}
    for name, enum in _plan(kind):  # type: ignore[arg-type] # a class is hashable
        value = getattr(row, name)
        values[name] = enum(value) if enum is not None else value
    return kind(**values)
