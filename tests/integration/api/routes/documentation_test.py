"""The pages about the REST API name their files relative to themselves."""

from __future__ import annotations

import re
from urllib.parse import urljoin

import pytest
from starlette.testclient import TestClient


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_its_files_are_here_and_named_without_a_root(client: TestClient, path: str) -> None:
    page = client.get(path).text
    found = re.findall(r'(?:href|src|spec-url)="([^"]+)"|url: \'([^\']+)\'', page)
    names = {a or b for a, b in found}
    assert len(names) >= 3
    assert '<html lang="en">' in page
    for name in names:
        assert not name.startswith(("/", "http")), name
        assert client.get(f"/{name}").status_code == 200, name


def test_the_forms_send_their_requests_below_the_path_of_the_document(client: TestClient) -> None:
    (server,) = client.get("/openapi.json").json()["servers"]
    assert urljoin("https://h/densearch/openapi.json", server["url"]) == "https://h/densearch/"
