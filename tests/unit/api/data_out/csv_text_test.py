"""Tables as CSV, read back by Python's own reader."""

from __future__ import annotations

import csv
import io

import pytest

from api.data_out.csv_text import cell_of, text_of
from api.data_out.flat_table import Batch, FlatColumn, FlatTable


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@A1", "\t=1", "\r=1", "\n=1", "＝1", "＠A"])  # noqa: RUF001
def test_a_text_is_no_formula(text: str) -> None:
    assert cell_of(text) == f"'{text}"


def test_numbers_and_other_texts_stay_as_they_are() -> None:
    assert [cell_of(value) for value in (-1.5, -2, None, "a=b", "")] == [-1.5, -2, None, "a=b", ""]
    assert [cell_of(value) for value in (True, False)] == ["true", "false"]


def test_cells_with_commas_quotes_and_lines_are_read_back() -> None:
    odd = 'a,"b"\nc'
    columns = [FlatColumn("=x", "text"), FlatColumn("y", "float"), FlatColumn("z", "bool")]
    batches: list[Batch] = [[[odd, "-1"], [-0.1, 2.0], [True, None]], [[None], [1], [False]]]
    table = FlatTable(columns, iter(batches))
    rows = list(csv.reader(io.StringIO("".join(text_of(table)), newline="")))
    assert rows[:2] == [["'=x", "y", "z"], [odd, "-0.1", "true"]]
    assert rows[2:] == [["'-1", "2.0", ""], ["", "1", "false"]]
