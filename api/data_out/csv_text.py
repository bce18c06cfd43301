"""A table as CSV (RFC 4180), of which no spreadsheet takes a text for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from api.data_out.flat_table import FlatTable

MEDIA_TYPE = "text/csv"
# What a spreadsheet takes for the beginning of a formula, in wide letters too (OWASP, CSV
# injection).
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001


def text_of(table: FlatTable) -> Iterator[str]:
    """Yield the file: the names of the columns, then a line for each row."""
    yield _lines([[cell_of(column.name) for column in table.columns]])
    for batch in table.batches:
        yield _lines([[cell_of(value) for value in row] for row in batch])


def cell_of(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula, and words for truth values."""
    if isinstance(value, bool):
        return str(value).lower()
    is_formula = isinstance(value, str) and value.startswith(_FORMULAS)
    return f"'{value}" if is_formula else value


def _lines(rows: Sequence[Sequence[object]]) -> str:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue()
