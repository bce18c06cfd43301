"""The application as a whole: its own documentation, and what its routes depend on."""

from __future__ import annotations

import re

from starlette.testclient import TestClient


def test_the_documentation_comes_from_this_server_alone(client: TestClient) -> None:
    for path in ("/docs", "/redoc"):
        page = client.get(path).text
        links = re.findall(r'(?:src|href)="([^"]+)"', page)
        assert links
        for link in links:
            assert link.startswith("/")
            if link != "/favicon.ico":
                assert client.get(link).status_code == 200
