"""Pages are cut where they are full, and the link leads on with the same filters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import Request, Response
from pydantic import TypeAdapter, ValidationError

from api.paging import MAX_ID, Query, Word, cut


@dataclass(frozen=True)
class Item:
    id: int


def request(query: str = "") -> Request:
    headers = [(b"host", b"localhost")]
    scope: Mapping[str, Any] = {
        "type": "http", "method": "GET", "path": "/v1/jobs", "query_string": query.encode(),
        "headers": headers, "scheme": "http", "server": ("localhost", 80),
    }  # fmt: skip
    return Request(dict(scope))


@pytest.mark.parametrize("n_found", [0, 1, 3])
def test_a_page_that_is_not_overfull_is_the_last(n_found: int) -> None:
    found, response = [Item(i) for i in range(n_found)], Response()
    assert cut(found, 3, request(), response) == found
    assert "link" not in response.headers


def test_the_link_keeps_the_filters_and_replaces_the_cursor() -> None:
    found, response = [Item(9), Item(7), Item(MAX_ID)], Response()
    kept = cut(found, 2, request("name=a+%26+b&cursor=11&limit=2"), response)
    assert kept == found[:2]
    address, relation = response.headers["link"].split("; ")
    assert relation == 'rel="next"'
    parts = urlsplit(address.strip("<>"))
    assert (parts.netloc, parts.path) == ("", "/v1/jobs")
    assert parse_qs(parts.query) == {"name": ["a & b"], "cursor": ["7"], "limit": ["2"]}


class JobsLike(Query):
    name: Word | None = None


def test_a_misspelt_filter_is_refused_and_not_ignored() -> None:
    with pytest.raises(ValidationError, match="nmae"):
        JobsLike.model_validate({"nmae": "x"})


@pytest.mark.parametrize("word", ["", "a\x00b", "two\nlines", "\x7f", "x" * 201])
def test_a_word_is_one_line_that_every_database_takes(word: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Word).validate_python(word)
    assert TypeAdapter(Word).validate_python("größer & 𝄞") == "größer & 𝄞"
