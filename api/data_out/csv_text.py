"""A table as CSV (RFC 4180), of which no spreadsheet takes a text for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from api.data_out.flat_table import FlatColumn, FlatTable

# What a spreadsheet takes for the beginning of a formula, in wide letters too (OWASP, CSV
# injection).
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001
# Kinds of columns that hold texts of somebody else, or truth values.
_CHECKED = frozenset({"bool", "text", "json"})


def text_of(table: FlatTable) -> Iterator[str]:
    """Yield the file: the names of the columns, then a line for each row."""
    yield _lines([[cell_of(column.name) for column in table.columns]])
    for batch in table.batches:
        cells = [_cells(*each) for each in zip(batch, table.columns, strict=True)]
        yield _lines(zip(*cells, strict=True))


def _cells(values: Sequence[object], column: FlatColumn) -> Sequence[object]:
    """Return a column's cells; words repeat, and each is looked at once."""
    if column.kind not in _CHECKED:
        return values
    known = {value: cell_of(value) for value in set(values)}
    return [known[value] for value in values]


def cell_of(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula, and words for truth values."""
    if isinstance(value, bool):
        return str(value).lower()
    is_formula = isinstance(value, str) and value.startswith(_FORMULAS)
    return f"'{value}" if is_formula else value


def _lines(rows: Iterable[Sequence[object]]) -> str:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue()
