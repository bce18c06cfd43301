"""What the JSON objects of a job's trials hold: names, kinds of values, lengths of lists.

The database looks through all of them, so that a file has a column for each name before its first
row is read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, select, true
from sqlalchemy.orm import Session

from service.storage.statements import is_postgresql
from service.storage.tables import MeasurementRow, TrialRow

# Of a name: its kinds of values (number, text, boolean, null, object, array), and for arrays the
# greatest length, else 0.
Kinds = Mapping[str, Mapping[str, int]]
_NAMES = {"integer": "number", "real": "number", "true": "boolean", "false": "boolean"}
_NAMES_POSTGRESQL = {"string": "text"}


def of_params(session: Session, job_id: int) -> Kinds:
    """Return what the params of a job's trials hold."""
    return _kinds(session, TrialRow.params, TrialRow.job_id == job_id)


def of_metrics(session: Session, job_id: int) -> Kinds:
    """Return what the metrics of a job's trials hold."""
    column: Any = TrialRow.metrics  # type: ignore[attr-defined]
    return _kinds(session, column, and_(TrialRow.job_id == job_id, column.is_not(None)))


def of_measurements(session: Session, job_id: int) -> Kinds:
    """Return what the metrics of a job's measurements hold."""
    own = select(TrialRow.id).where(TrialRow.job_id == job_id)
    return _kinds(session, MeasurementRow.metrics, MeasurementRow.trial_id.in_(own))


def _kinds(session: Session, column: Any, condition: ColumnElement[bool]) -> Kinds:  # noqa: ANN401 - of any row
    if is_postgresql(session):
        each = func.json_each(column).table_valued("key", "value").render_derived()
        kind: ColumnElement[str] = func.json_typeof(each.c.value)
        length, names = func.json_array_length(each.c.value), _NAMES_POSTGRESQL
    else:
        each = func.json_each(column).table_valued("key", "value", "type")
        kind, length, names = each.c.type, func.json_array_length(each.c.value), _NAMES
    longest = func.max(case((kind == "array", length), else_=0))
    query = select(each.c.key, kind, longest).where(condition).group_by(each.c.key, kind)
    query = query.select_from(column.class_).join(each, onclause=true())
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for name, own, n in session.execute(query):
        found[name][names.get(own, own)] = n
    return dict(found)
