"""The documents over HTTP, and the links to them."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from api.dashboard import built_site, guide


@pytest.fixture(autouse=True)
def _no_site(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a tree in which somebody has built one."""
    monkeypatch.setattr(built_site, "built", lambda: None)


def test_documents_their_pictures_and_what_is_none(client: TestClient) -> None:
    assert 'href="./guide"' in client.get("/").text
    assert 'href="./guide/user-guide"' in client.get("/guide").text
    page = client.get("/guide/adr/0001-the-trial-log-is-the-state")
    assert page.status_code == 200
    assert 'href="../../guide/user-guide"' in page.text
    assert client.get("/guide/images/job.png").headers["content-type"] == "image/png"
    for name in ("nothing", "%2e%2e/README", "evidence/records.json", "<b>"):
        answer = client.get(f"/guide/{name}")
        assert answer.status_code == 404
        assert "<b>" not in answer.text


def test_without_documents_no_page_links_to_them(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guide, "folder", lambda: None)
    guide.contents.cache_clear()
    try:
        assert "installed without the documents" in client.get("/guide").text
        assert "guide" not in client.get("/").text
    finally:
        guide.contents.cache_clear()
