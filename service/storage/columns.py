"""Rows read by column, as files of many rows need them: JSON and times are texts.

JSON is decoded only where somebody looks into it, and then once for a whole column: to decode each
value by itself, and to write it again, takes most of the time of a file.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, ColumnElement, Row, Text, cast, type_coerce

from service.storage.declarative import UtcDateTime, as_utc


def as_read(column: Any) -> ColumnElement[Any]:  # noqa: ANN401 - of any table
    """Return what is selected of a column, for `values_of`."""
    if isinstance(column.type, JSON):
        return cast(column, Text)
    if isinstance(column.type, UtcDateTime):
        return type_coerce(column, Text)  # SQLite's is a text
    found: ColumnElement[Any] = column
    return found


def time_of(value: datetime | str) -> datetime:
    """Return a time that was selected by `as_read`, in UTC."""
    return as_utc(datetime.fromisoformat(value) if isinstance(value, str) else value)


def values_of(columns: Sequence[Any], rows: Sequence[Row[Any]]) -> list[Sequence[Any]]:
    """Return the values of each column, one for each row.

    Args:
        columns: Of tables, whose `as_read` was selected.
        rows: What was found.

    Returns:
        JSON as it is stored and times in ISO 8601 (UTC), both as texts; the others as they were
        found.
    """
    found = list(zip(*rows, strict=True)) if rows else [() for _ in columns]
    return [
        [None if time is None else _iso(time) for time in values]
        if isinstance(own.type, UtcDateTime)
        else values
        for own, values in zip(columns, found, strict=True)
    ]


def decoded(texts: Sequence[str | None]) -> list[Any]:
    """Return the values of a column of JSON, None where there is no text."""
    found: list[Any] = json.loads(array_of(texts))
    return found


def array_of(texts: Sequence[str | None]) -> str:
    """Return a column of JSON as one array."""
    return f"[{','.join([text or 'null' for text in texts])}]"


def _iso(time: datetime | str) -> str:
    """Return a time in UTC; SQLite's are texts without a zone, `2026-03-01 12:00:00.000000`."""
    if isinstance(time, str):
        return f"{time.replace(' ', 'T').removesuffix('.000000')}+00:00"
    return time.astimezone(UTC).isoformat()
