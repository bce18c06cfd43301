"""Lists of the REST API: one page, and all pages that the Link headers lead to."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

ADDRESS = "http://127.0.0.1:8080"


def items(client: TestClient, path: str) -> list[dict[str, Any]]:
    """Return the items of one page."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def all_items(client: TestClient, path: str) -> list[dict[str, Any]]:
    """Follow the Link headers to the end."""
    found, url = [], path
    for _ in range(100):
        answer = client.get(url)
        found += answer.json()["items"]
        if "next" not in answer.links:
            return found
        url = answer.links["next"]["url"]
    raise AssertionError("the pages do not end")
