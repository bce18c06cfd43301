"""Static files: kept for ever by their content, revalidated without it; nothing else is served."""

from __future__ import annotations

import gzip
import re
from importlib.metadata import version

from starlette.testclient import TestClient


def test_static_files_are_kept_revalidated_and_nothing_else_is_served(client: TestClient) -> None:
    page = client.get("/").text
    style = re.search(r'href="\./(static/style\.css\?v=\w+)"', page)
    assert style is not None
    answer = client.get(style.group(1))
    assert "immutable" in answer.headers["cache-control"]
    again = client.get(style.group(1), headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    assert client.get("/static/live.js").headers["cache-control"] == "no-cache"
    for path in ("/static/../pages.py", "/static/%2e%2e%2fpages.py", "/static/none.css"):
        assert client.get(path).status_code == 404


def test_plotly_comes_from_the_installed_wheel(client: TestClient) -> None:
    answer = client.get(f"/static/plotly.min.js?v={version('plotly')}")
    assert answer.status_code == 200
    assert "plotly.js v" in answer.text[:60]
    plain = client.get("/static/plotly.min.js", headers={"Accept-Encoding": "identity"})
    assert plain.content == answer.content
    assert len(gzip.compress(plain.content, 1)) < len(plain.content)


def test_the_icon_answers_browsers_that_ask_unasked(client: TestClient) -> None:
    assert client.get("/favicon.ico").headers["content-type"] == "image/svg+xml"
