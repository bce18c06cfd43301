"""The application as a whole: its own documentation, and what its routes depend on."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from service.settings import Settings
from service.storage.database import Database
from tests.support.pages import ADDRESS


def test_a_refusal_that_needs_no_route_still_has_an_id_and_the_security_headers(
    client: TestClient,
) -> None:
    """The layer that adds them is the outermost, whatever is refused below it."""
    refusals = [
        client.get("/v1/jobs", headers={"host": "evil.example"}),
        client.post("/v1/jobs", headers={"origin": "http://evil.example"}),
        client.post("/v1/jobs", content=b" " * 10_000_000),
        client.get("/nothing"),
    ]
    assert [answer.status_code for answer in refusals] == [421, 403, 413, 404]
    for answer in refusals:
        assert answer.headers["x-request-id"]
        assert answer.headers["content-security-policy"]
        assert answer.headers["content-type"] == "application/problem+json"


def test_the_page_of_a_new_job_is_not_taken_for_the_page_of_a_job(client: TestClient) -> None:
    assert client.get("/jobs/new").status_code == 200
    assert client.get("/jobs/old").status_code == 422


def test_another_application_builds_no_route_again(
    client: TestClient,
    settings: Settings,
    sqlite_database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """FastAPI makes an adapter of types for each parameter of a route that it builds."""
    assert client.get("/v1/jobs").status_code == 200
    another = create_app(settings, sqlite_database)
    monkeypatch.setattr("fastapi._compat.v2.TypeAdapter", None)
    with TestClient(another, base_url=ADDRESS) as other:
        assert other.get("/v1/jobs").status_code == 200
