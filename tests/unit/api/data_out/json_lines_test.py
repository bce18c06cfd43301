"""Tables as NDJSON, read back line by line."""

from __future__ import annotations

import json
from typing import Any

from api.data_out.flat_table import Batch, FlatColumn, FlatTable
from api.data_out.json_lines import text_of

COLUMNS = (
    FlatColumn("n", "int"),
    FlatColumn("100 %s", "float"),
    FlatColumn("is", "bool"),
    FlatColumn("text", "text"),
    FlatColumn("at", "time"),
    FlatColumn("params", "json"),
    FlatColumn("curve", "floats"),
)


def test_each_row_is_an_object_with_the_values_of_its_columns() -> None:
    at = "2026-03-01T12:00:00+00:00"
    rows: list[list[Any]] = [
        [2**40, 0.1, True, 'ü, "x"\n', at, '{"lr":[0.1,null]}', "[0.5,1]"],
        [None] * 7,
        [-1, 1e300, False, "", at, "[]", "[]"],
    ]
    batches: list[Batch] = [[*zip(*rows[:2], strict=True)], [*zip(*rows[2:], strict=True)]]
    parts = list(text_of(FlatTable(COLUMNS, iter([*batches, [()] * 7]))))
    assert parts[2] == ""
    lines = [json.loads(line) for line in "".join(parts).splitlines()]
    names = [column.name for column in COLUMNS]
    assert lines == [
        dict(zip(names, row, strict=True))
        for row in (
            [2**40, 0.1, True, 'ü, "x"\n', at, {"lr": [0.1, None]}, [0.5, 1]],
            [None] * 7,
            [-1, 1e300, False, "", at, [], []],
        )
    ]
