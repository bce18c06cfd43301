"""Around every request: its id, its log line, the security headers; errors stay inside."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from tests.support.specs import SPHERE


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


def test_what_nobody_foresaw_is_a_500_without_its_details(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("the secret")

    monkeypatch.setattr("service.storage.job_pages.page", broken)
    with capture_logs() as lines:
        answer = client.get("/v1/jobs")
    (line,) = [line for line in lines if line["event"] == "unexpected"]
    assert isinstance(line["exc_info"], ZeroDivisionError)
    assert line["request_id"] == answer.headers["x-request-id"]
    assert answer.status_code == 500
    assert answer.json()["type"] == "/problems/internal-error"
    assert "secret" not in answer.text
    assert answer.headers["x-request-id"] in answer.json()["detail"]


def test_the_log_tells_changes_and_refusals_and_whispers_the_rest(client: TestClient) -> None:
    with capture_logs() as lines:
        client.get("/v1/jobs")
        client.get("/v1/jobs/999")
        client.post("/v1/jobs", json=SPHERE)
    seen = [(line["log_level"], line["method"], line["status"]) for line in lines]
    assert seen == [("debug", "GET", 200), ("info", "GET", 404), ("info", "POST", 202)]
