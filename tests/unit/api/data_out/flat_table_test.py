"""JSON objects as columns."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from api.data_out.flat_table import FlatColumn, More, Spread, more_of


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
    more: More = defaultdict(dict)
    values = {"lr": 0.1, "act": "relu", "den": [1, 2], "odd": "x", "flag": True, "tree": {"a": 1}}
    columns = spread.cells([values, {"den": [3], "odd": 1}], more)
    assert [*zip(*columns, strict=True)] == [
        (0.1, "relu", 1, 2, True, '"x"', '{"a": 1}'),
        (None, None, 3, None, None, "1", None),
    ]
    assert more_of(more, 2) == [None, None]


def test_what_fits_no_column_is_kept_apart() -> None:
    spread = Spread("metrics.", {"loss": {"number": 0}})
    more: More = defaultdict(dict)
    objects: list[dict[str, Any]] = [
        {"loss": True, "new": [3]},
        {},
        {"loss": 0.5},
        {"new": None, "loss": "x"},
    ]
    assert spread.cells(objects, more) == [[None, None, 0.5, None]]
    assert [json.loads(own or "{}") for own in more_of(more, 4)] == [
        {"metrics.loss": True, "metrics.new[0]": 3},
        {},
        {},
        {"metrics.loss": "x", "metrics.new": None},
    ]
    assert spread.cells([], defaultdict(dict)) == [[]]


def test_lists_of_several_lengths_and_single_values_of_one_name_are_parted() -> None:
    spread = Spread("params.", {"den": {"array": 2, "text": 0}})
    more: More = defaultdict(dict)
    objects: list[dict[str, Any]] = [{"den": [1.0, 2.0, 3.0]}, {"den": "x"}, {"den": []}, {}]
    columns = spread.cells(objects, more)
    assert [*zip(*columns, strict=True)] == [
        (None, 1.0, 2.0),
        ("x", None, None),
        (None, None, None),
        (None, None, None),
    ]
    assert more == {0: {"params.den[2]": 3.0}}
