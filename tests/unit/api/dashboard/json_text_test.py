"""JSON as people write it is the same JSON, in lines that are not too long."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from api.dashboard.json_text import json_text

LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=20,
)


def test_what_fits_on_a_line_stays_on_one() -> None:
    value = {"a": [1, 2], "empty": {}, "b": {"long": "x" * 12, "longer": [True, None]}}
    assert json_text(value, width=30) == (
        "{\n"
        '  "a": [1, 2],\n'
        '  "empty": {},\n'
        '  "b": {\n'
        '    "long": "xxxxxxxxxxxx",\n'
        '    "longer": [true, null]\n'
        "  }\n"
        "}"
    )


def test_names_count_towards_the_width() -> None:
    assert json_text({"0123456789": [1, 2, 3]}, width=20).count("\n") == 6
    assert json_text({"0": [1, 2, 3]}, width=20).count("\n") == 2


@given(VALUES)
def test_it_reads_back(value: object) -> None:
    assert json.loads(json_text(value, width=30)) == value
