"""Where the members of a JSON document stand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from densearch.cli.json_lines import MOST_CHARS, place_of, places_in, pointer

TEXT = """{
  "name": "a \\" {",
\t"list": [1, {"~/": [true]},
    "x"],
  "é": {}
}"""
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def test_each_member_has_its_line_and_column() -> None:
    assert places_in(TEXT) == {
        "/name": (2, 3),
        "/list": (3, 2),
        "/list/0": (3, 11),
        "/list/1": (3, 14),
        "/list/1/~0~1": (3, 15),
        "/list/1/~0~1/0": (3, 22),
        "/list/2": (4, 5),
        "/é": (5, 3),
    }


def pointers(value: Any, base: str = "") -> set[str]:  # noqa: ANN401 - any JSON
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    inner = {pointer(base, name): item for name, item in pairs}
    deeper = [pointers(v, p) for p, v in inner.items() if isinstance(v, dict | list)]
    return set(inner).union(*deeper)


@given(value=st.dictionaries(st.text(), VALUES), indent=st.sampled_from([None, 1, "\t"]))
def test_no_member_of_a_document_is_missed(value: dict[str, object], indent: int | None) -> None:
    assert set(places_in(json.dumps(value, indent=indent))) == pointers(value)


@pytest.mark.parametrize("text", ["", "{", '{"a', "]]]}", '{"a": [1,', "[[[[", "nul", ":,:"])
def test_a_broken_document_is_no_error(text: str) -> None:
    places_in(text)


def test_a_missing_member_has_the_place_of_what_should_hold_it() -> None:
    places = {"/a": (1, 1), "/a/b": (2, 2)}
    assert place_of(places, "/a/b/c/d") == (2, 2)
    assert place_of(places, "/a/x") == (1, 1)
    assert place_of(places, "/x") is None
    assert place_of(places, "") is None


@pytest.mark.parametrize("part", ["[", '{"a":'])
def test_what_is_nested_without_end_takes_little_memory(part: str) -> None:
    places = places_in(part * 50_000)
    assert sum(map(len, places)) < 2 * MOST_CHARS**2
    assert place_of(places, "/0" * 40 if part == "[" else "/a" * 40) is not None
