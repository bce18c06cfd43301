"""Other sites' pages and foreign names are kept out; what breaks inside stays inside."""

from __future__ import annotations

import re

import pytest
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from api.app import create_app
from service.settings import Settings
from service.storage.database import Database
from tests.integration.api.specs import SPHERE, submit


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:3000"},
        {"origin": "null"},
        {"origin": "http://["},
    ],
)
def test_another_sites_page_changes_nothing(client: TestClient, headers: dict[str, str]) -> None:
    job_id = submit(client)
    for path in ("/v1/jobs", f"/v1/jobs/{job_id}/cancel"):
        answer = client.post(path, json=SPHERE, headers=headers)
        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/problem+json"
    (job,) = client.get("/v1/jobs", headers=headers).json()["items"]
    assert job["state"] == "QUEUED"


def test_the_dashboards_own_page_may(client: TestClient) -> None:
    headers = {"sec-fetch-site": "same-origin", "origin": "http://127.0.0.1:8080"}
    assert client.post("/v1/jobs", json=SPHERE, headers=headers).status_code == 202


def test_a_name_that_was_bent_to_loopback_is_refused(client: TestClient) -> None:
    for host in ("evil.example", "evil.example:8080", "localhost.evil.example", "[::"):
        answer = client.get("/v1/jobs", headers={"host": host})
        assert answer.status_code == 421
        assert answer.json()["type"] == "/problems/unknown-host"
    for host in ("localhost:8080", "127.0.0.1", "[::1]:8080"):
        assert client.get("/v1/jobs", headers={"host": host}).status_code == 200


def test_a_server_for_all_takes_any_name(settings: Settings, sqlite_database: Database) -> None:
    open_to_all = settings.model_copy(update={"host": "0.0.0.0"})  # noqa: S104
    with TestClient(create_app(open_to_all, sqlite_database), base_url="http://lab:80") as client:
        assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("path", ["/v1/jobs", "/healthz", "/nothing", "/docs", "/"])
def test_every_answer_carries_the_security_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'self'")
    assert "unsafe-eval" not in policy
    assert ("script-src" in policy) == (path == "/docs")


def test_a_request_id_is_kept_when_it_is_harmless(client: TestClient) -> None:
    found = client.get("/healthz", headers={"x-request-id": "a-1.b"}).headers["x-request-id"]
    assert found == "a-1.b"
    for bad in ("two words", "x" * 65, 'a"b'):
        found = client.get("/healthz", headers={"x-request-id": bad}).headers["x-request-id"]
        assert re.fullmatch("[0-9a-f]{32}", found)


def test_the_documentation_comes_from_this_server_alone(client: TestClient) -> None:
    for path in ("/docs", "/redoc"):
        page = client.get(path).text
        links = re.findall(r'(?:src|href)="([^"]+)"', page)
        assert links
        for link in links:
            assert link.startswith("/")
            if link != "/favicon.ico":
                assert client.get(link).status_code == 200


def test_what_nobody_foresaw_is_a_500_without_its_details(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("the secret")

    monkeypatch.setattr("service.storage.jobs.page", broken)
    with capture_logs() as lines:
        answer = client.get("/v1/jobs")
    (line,) = [line for line in lines if line["event"] == "unexpected"]
    assert isinstance(line["exc_info"], ZeroDivisionError)
    assert line["request_id"] == answer.headers["x-request-id"]
    assert answer.status_code == 500
    assert answer.json()["type"] == "/problems/internal-error"
    assert "secret" not in answer.text
    assert answer.headers["x-request-id"] in answer.json()["detail"]


def test_a_database_that_is_down_is_a_503(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object, **__: object) -> None:
        raise OperationalError("SELECT secret", {}, Exception("refused"))

    monkeypatch.setattr("service.storage.jobs.page", down)
    answer = client.get("/v1/jobs")
    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/database-unavailable"
    assert "secret" not in answer.text
    assert "retry-after" in answer.headers


def test_the_log_tells_changes_and_refusals_and_whispers_the_rest(client: TestClient) -> None:
    with capture_logs() as lines:
        client.get("/v1/jobs")
        client.get("/v1/jobs/999")
        client.post("/v1/jobs", json=SPHERE)
    seen = [(line["log_level"], line["method"], line["status"]) for line in lines]
    assert seen == [("debug", "GET", 200), ("info", "GET", 404), ("info", "POST", 202)]
