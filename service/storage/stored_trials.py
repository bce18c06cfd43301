"""Trials as they are stored: their columns, with JSON as text.

Equal ones are the same trial in the same state. A page of trials keeps what was made of each by
them, and decodes no JSON of those that have not changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import JSON, Row, bindparam, select
from sqlalchemy.orm import Session

from service.records import Trial
from service.states import Phase, TrialState
from service.storage import columns
from service.storage.declarative import UtcDateTime
from service.storage.tables import TrialRow

# With the fields of `service.records.Trial`; hashable.
StoredTrial = Row[Any]
# Of so many trials what was made of them is kept; one takes some KB.
MOST_KEPT = 1_000

_COLUMNS = [getattr(TrialRow, own.name) for own in fields(Trial)]
# Made once: making it takes longer than running it.
_WANTED = select(*map(columns.as_read, _COLUMNS)).where(
    TrialRow.id.in_(bindparam("wanted", expanding=True))
)


def _decoder(name: str, kind: object) -> Callable[[Any], Any] | None:
    if isinstance(kind, JSON):
        return json.loads
    if isinstance(kind, UtcDateTime):
        return columns.time_of
    return {"phase": Phase, "state": TrialState}.get(name)


_DECODERS = [_decoder(column.key, column.type) for column in _COLUMNS]


def of_ids(session: Session, ids: Sequence[int]) -> list[StoredTrial]:
    """Return the trials with these ids that are there, in their order."""
    found = {row.id: row for row in session.execute(_WANTED, {"wanted": list(ids)})}
    return [found[trial_id] for trial_id in ids if trial_id in found]


def trial_of(stored: StoredTrial) -> Trial:
    """Return a stored trial as a value."""
    return Trial(
        **{
            own.name: value if value is None or decode is None else decode(value)
            for own, value, decode in zip(fields(Trial), stored, _DECODERS, strict=True)
        }
    )
