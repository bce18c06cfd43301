"""Requests for addresses with the suffix of a format."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from api.middleware.suffixes import Suffixes


@pytest.mark.parametrize(
    ("address", "path", "query"),
    [
        ("/v1/densities/3.csv", "/v1/densities/3", b"format=csv"),
        ("/v1/jobs/3/trials.csv?a=1&b=%26", "/v1/jobs/3/trials", b"a=1&b=%26&format=csv"),
        ("/v1/densities/3?format=npz", "/v1/densities/3", b"format=npz"),
        ("/v1/jobs/3/studies.csv", "/v1/jobs/3/studies.csv", b""),
    ],
)
def test_the_suffix_becomes_the_format(address: str, path: str, query: bytes) -> None:
    seen: dict[str, Any] = {}

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        seen.update(scope)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    TestClient(Suffixes(inner)).get(address)
    assert (seen["path"], seen["raw_path"], seen["query_string"]) == (path, path.encode(), query)
