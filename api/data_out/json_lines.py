"""A table as NDJSON: an object for each row, whose fields are the columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from api.data_out.flat_table import FlatColumn, FlatTable

# Kinds whose values are JSON already.
_AS_IS = frozenset({"json", "floats"})
_NUMBERS = frozenset({"int", "float", "bool"})


def text_of(table: FlatTable) -> Iterator[str]:
    """Yield the lines of each batch."""
    fields = (f"{_json(column.name)}:".replace("%", "%%") + "%s" for column in table.columns)
    line = f"{{{','.join(fields)}}}\n"
    for batch in table.batches:
        cells = [_cells(*each) for each in zip(batch, table.columns, strict=True)]
        yield "".join([line % row for row in zip(*cells, strict=True)])


def _cells(values: Sequence[object], column: FlatColumn) -> Sequence[object]:
    """Return a column's values as JSON."""
    if column.kind in _AS_IS:
        return [value or "null" for value in values]
    if column.kind == "time":
        return [f'"{value}"' if value else "null" for value in values]
    if column.kind in _NUMBERS:
        return _json(values)[1:-1].split(", ") if values else []
    known = {value: _json(value) for value in set(values)}
    return [known[value] for value in values]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
