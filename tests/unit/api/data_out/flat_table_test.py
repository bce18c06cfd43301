"""JSON objects as columns."""

from __future__ import annotations

import json
from typing import Any

from api.data_out.flat_table import FlatColumn, Spread, more_of


def test_lists_become_a_column_for_each_index_and_mixed_values_json() -> None:
    kinds = {
        "lr": {"number": 0},
        "den": {"array": 2},
        "act": {"text": 0, "null": 0},
        "odd": {"number": 0, "text": 0},
        "flag": {"boolean": 0},
        "tree": {"object": 0},
    }
    spread = Spread("params.", kinds, first=["lr", "gone"])
    assert spread.columns == [
        FlatColumn("params.lr", "float"),
        FlatColumn("params.act", "text"),
        FlatColumn("params.den[0]", "float"),
        FlatColumn("params.den[1]", "float"),
        FlatColumn("params.flag", "bool"),
        FlatColumn("params.odd", "json"),
        FlatColumn("params.tree", "json"),
    ]
    more: dict[str, Any] = {}
    values = {"lr": 0.1, "act": "relu", "den": [1, 2], "odd": "x", "flag": True, "tree": {"a": 1}}
    assert list(spread.cells(values, more)) == [0.1, "relu", 1, 2, True, '"x"', '{"a": 1}']
    assert more == {}
    assert more_of(more) is None


def test_what_fits_no_column_is_kept_apart() -> None:
    spread = Spread("metrics.", {"loss": {"number": 0}})
    more: dict[str, Any] = {}
    assert list(spread.cells({"loss": True, "new": [3]}, more)) == [None]
    assert json.loads(more_of(more) or "") == {"metrics.loss": True, "metrics.new[0]": 3}
    assert list(spread.cells({}, {})) == [None]
