"""Rows read by column: JSON is decoded once for a whole column, and times are texts at once.

For files of many rows, where decoding each value by itself takes most of the time.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, ColumnElement, DateTime, Row, Text, cast, type_coerce

from service.storage.declarative import UtcDateTime


def as_read(column: Any) -> ColumnElement[Any]:  # noqa: ANN401 - of any table
    """Return what is selected of a column, for `values_of`."""
    if isinstance(column.type, JSON):
        return cast(column, Text)
    if isinstance(column.type, UtcDateTime):
        return type_coerce(column, DateTime(timezone=True))
    found: ColumnElement[Any] = column
    return found


def values_of(columns: Sequence[Any], rows: Sequence[Row[Any]]) -> list[Sequence[Any]]:
    """Return the values of each column, one for each row.

    Args:
        columns: Of tables, whose `as_read` was selected.
        rows: What was found.

    Returns:
        JSON decoded, times as texts in ISO 8601 (UTC), the others as they were found.
    """
    found = list(zip(*rows, strict=True)) if rows else [() for _ in columns]
    return [_decoded(own.type, values) for own, values in zip(columns, found, strict=True)]


def _decoded(kind: object, values: Sequence[Any]) -> Sequence[Any]:
    if isinstance(kind, JSON):
        parsed: list[Any] = json.loads(f"[{','.join([text or 'null' for text in values])}]")
        return parsed
    if isinstance(kind, UtcDateTime):
        return [None if time is None else _iso(time) for time in values]
    return values


def _iso(time: datetime) -> str:
    """Return a time in UTC; SQLite's have no zone."""
    plain = time if time.tzinfo is None else time.astimezone(UTC).replace(tzinfo=None)
    return f"{plain.isoformat()}+00:00"
