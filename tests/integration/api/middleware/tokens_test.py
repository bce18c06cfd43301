"""A server with a token: what is open, how programs and browsers get in; no log has the token."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from api.middleware.tokens import Key
from tests.support.guarded import BROWSER, TOKEN
from tests.support.specs import SPHERE

BEARER = {"authorization": f"Bearer {TOKEN}"}
OPEN = ("/healthz", "/favicon.ico", "/static/style.css", "/problems/unauthorized", "/token")
CLOSED = (
    *("/", "/jobs/1", "/jobs/new", "/system", "/guide", "/docs", "/redoc", "/openapi.json"),
    *("/metrics", "/v1/jobs", "/v1/jobs/1/events", "/v1/densities/1", "/v1/artifacts/1"),
    *("/nowhere", "/tokens", "/healthz/", "/static/../v1/jobs", "//healthz"),
)


def test_without_the_token_only_what_probes_and_the_form_need_is_open(guarded: TestClient) -> None:
    for path in OPEN:
        assert guarded.get(path).status_code == 200, path
    for path in CLOSED:
        answer = guarded.get(path)
        assert answer.status_code == 401, path
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"] == 'Bearer realm="densearch"'
        assert answer.json()["type"] == "/problems/unauthorized"
        assert "DENSEARCH_TOKEN" in answer.json()["detail"]
    for path in ("/v1/jobs", "/v1/datasets"):
        assert guarded.post(path, json=SPHERE).status_code == 401, path


def test_readiness_has_its_details_for_those_with_the_token(guarded: TestClient) -> None:
    plain, full = (guarded.get("/readyz", headers=headers) for headers in ({}, BEARER))
    assert plain.status_code == full.status_code == 503
    names = [check["name"] for check in plain.json()["checks"]]
    assert names == [check["name"] for check in full.json()["checks"]]
    assert {check["detail"] for check in plain.json()["checks"]} == {
        "shown to requests with the token"
    }
    assert "sqlite" in full.text


def test_a_program_gets_in_by_the_header_and_a_wrong_token_is_named(
    guarded: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    assert guarded.post("/v1/jobs", json=SPHERE, headers=BEARER).status_code == 202
    assert guarded.get("/metrics", headers=BEARER).status_code == 200
    refused = guarded.get("/v1/jobs", headers={"authorization": "Bearer 0000000000000000"})
    assert refused.status_code == 401
    assert 'error="invalid_token"' in refused.headers["www-authenticate"]
    printed = "".join(capsys.readouterr())
    assert TOKEN not in printed
    assert "0000000000000000" not in printed


def test_a_cookie_of_an_earlier_token_asks_again(guarded: TestClient) -> None:
    old = Key("e2b7c1d09f5a4c3f")
    guarded.cookies.set(old.cookie_name, old.cookie)
    assert guarded.get("/", headers=BROWSER).status_code == 401
