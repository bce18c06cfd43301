"""Answers of a bounded size: whole where they fit, else cut at places that are named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from api.agents.bounded import text_of


def test_what_fits_is_whole() -> None:
    document = {"items": list(range(100)), "note": "\u00e9"}
    assert json.loads(text_of(document)) == document


def test_a_long_list_keeps_its_beginning_and_says_what_is_missing() -> None:
    document = {"items": [{"id": n, "point": [0.5] * 10} for n in range(3_000)], "n": 3_000}
    found = json.loads(text_of(document, 10_000))
    assert found["n"] == 3_000
    n_shown = len(found["items"])
    assert found["items"] == document["items"][:n_shown]  # type: ignore[index]
    assert {"at": "/items", "items_shown": n_shown, "of": 3_000} in found["_cut"]["places"]


@pytest.mark.parametrize(
    "document",
    [
        {"text": "x" * 1_000_000},
        {"a": {"b": ["\U0001f600" * 5_000] * 50}},
        ["y" * 50_000] * 100,
        {f"k{n}": "z" * 1_000 for n in range(1_000)},
        {"deep": [[[[["w" * 300] * 9] * 9] * 9] * 9]},
        {"k" * 100_000: 1},
        "v" * 100_000,
    ],
)
def test_nothing_is_larger_than_the_bound_and_all_of_it_is_json(document: Any) -> None:  # noqa: ANN401
    text = text_of(document, 5_000)
    assert len(text) <= 5_000
    assert "_cut" in json.loads(text)
