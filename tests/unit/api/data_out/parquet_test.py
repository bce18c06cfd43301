"""Tables as Parquet, by the real process, read back by pyarrow."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pyarrow.parquet as pq
import pytest

from api.data_out import parquet
from api.data_out.flat_table import Batch, FlatColumn, FlatTable
from api.turns import Turns

COLUMNS = (
    FlatColumn("n", "int"),
    FlatColumn("x", "float"),
    FlatColumn("at", "time"),
    FlatColumn("curve", "floats"),
    FlatColumn("text", "text"),
)
AT = datetime(2026, 3, 1, 12, 0, 0, 250, tzinfo=UTC)


def test_values_come_back_typed_with_the_metadata() -> None:
    rows: list[list[Any]] = [
        [2**40, 1, AT.isoformat(), "[0.5,1]", "=x"],
        [None, None, None, None, None],
        [3, -0.25, AT.replace(microsecond=0).isoformat(), "[]", "ü"],
    ]
    parts = parquet.bytes_of(
        FlatTable(COLUMNS, iter([[*zip(*rows[:2], strict=True)], [*zip(*rows[2:], strict=True)]])),
        {"densearch.job": "7"},
    )
    found = pq.read_table(io.BytesIO(b"".join(parts)))
    assert found.schema.metadata == {b"densearch.job": b"7"}
    names = [column.name for column in COLUMNS]
    assert found.to_pylist() == [
        dict(zip(names, row, strict=True))
        for row in (
            [2**40, 1.0, AT, [0.5, 1.0], "=x"],
            [None] * 5,
            [3, -0.25, AT.replace(microsecond=0), [], "ü"],
        )
    ]


def test_a_file_whose_rows_cannot_be_read_is_cut_off() -> None:
    def batches() -> Iterator[Batch]:
        yield [[1], [1.0], [None], [None], [None]]
        raise OSError("the database went away")

    with pytest.raises(OSError, match="ended with 1"):
        b"".join(parquet.bytes_of(FlatTable(COLUMNS, batches()), {}))


def test_a_file_that_nobody_reads_gives_its_turn_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_TURNS", Turns(1, "export-failed", ""))
    monkeypatch.setattr(parquet, "WAIT_S", 0.0)
    for _ in range(2):  # its client may be gone before the first part is sent
        parts = parquet.bytes_of(FlatTable(COLUMNS, iter(())), {})
        del parts
