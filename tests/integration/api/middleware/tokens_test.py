"""A server with a token: what is open, how programs and browsers get in; no log has the token."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from api.app import create_app
from api.middleware.tokens import Key
from service.settings import Settings
from service.storage.database import Database
from tests.support.pages import ADDRESS
from tests.support.specs import SPHERE

TOKEN = "e2b7c1d09f5a4c3e"  # noqa: S105 - of this test
BEARER = {"authorization": f"Bearer {TOKEN}"}
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
OPEN = ("/healthz", "/favicon.ico", "/static/style.css", "/problems/unauthorized", "/token")
CLOSED = (
    *("/", "/jobs/1", "/jobs/new", "/system", "/guide", "/docs", "/redoc", "/openapi.json"),
    *("/metrics", "/v1/jobs", "/v1/jobs/1/events", "/v1/densities/1", "/v1/artifacts/1"),
    *("/nowhere", "/tokens", "/healthz/", "/static/../v1/jobs", "//healthz"),
)


@pytest.fixture
def guarded(settings: Settings, sqlite_database: Database) -> Iterator[TestClient]:
    settings = settings.model_copy(update={"token": SecretStr(TOKEN)})
    app = create_app(settings, sqlite_database)
    with TestClient(app, base_url=ADDRESS, follow_redirects=False) as client:
        yield client


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


def test_a_browser_is_asked_once_and_comes_back_to_the_page(guarded: TestClient) -> None:
    asked = guarded.get("/campaigns?before=3", headers=BROWSER)
    assert asked.status_code == 401
    assert 'value="/campaigns?before=3"' in asked.text
    assert 'action="./token"' in asked.text
    form = {"token": f" {TOKEN}\n", "following": "/campaigns?before=3"}
    entered = guarded.post("/token", data=form, headers=BROWSER)
    assert entered.status_code == 303
    assert entered.headers["location"] == "./campaigns?before=3"
    cookie = entered.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=" not in cookie  # the browser takes the folder of the address
    assert "secure" not in cookie  # plain HTTP
    assert TOKEN not in cookie
    for path in ("/campaigns?before=3", "/v1/jobs", "/docs", "/metrics"):
        assert guarded.get(path, headers=BROWSER).status_code == 200, path
    assert guarded.post("/v1/jobs", json=SPHERE).status_code == 202


def test_the_cookie_is_for_https_alone_where_the_page_came_by_it(guarded: TestClient) -> None:
    origin = ADDRESS.replace("http:", "https:")
    entered = guarded.post("/token", data={"token": TOKEN}, headers={"origin": origin})
    assert "secure" in entered.headers["set-cookie"].lower()


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "0", TOKEN.upper(), "\u00e9"])
def test_a_wrong_token_is_asked_for_again(guarded: TestClient, token: str) -> None:
    answer = guarded.post("/token", data={"token": token, "following": "/system"}, headers=BROWSER)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert "not the server" in answer.text
    assert 'value="/system"' in answer.text


@pytest.mark.parametrize(
    "following",
    ["", "//evil.example/", "/\\evil.example", "https://evil.example/", "javascript:alert(1)"],
)
def test_the_form_leads_nowhere_else(guarded: TestClient, following: str) -> None:
    answer = guarded.post("/token", data={"token": TOKEN, "following": following})
    assert answer.headers["location"] == "./"


def test_a_form_with_too_many_fields_or_of_another_site_is_refused(guarded: TestClient) -> None:
    fields = {f"f{n}": "x" for n in range(50)} | {"token": TOKEN}
    assert guarded.post("/token", data=fields).status_code == 401
    headers = {"sec-fetch-site": "cross-site"}
    assert guarded.post("/token", data={"token": TOKEN}, headers=headers).status_code == 403


def test_a_cookie_of_an_earlier_token_asks_again(guarded: TestClient) -> None:
    old = Key("e2b7c1d09f5a4c3f")
    guarded.cookies.set(old.cookie_name, old.cookie)
    assert guarded.get("/", headers=BROWSER).status_code == 401


def test_a_server_without_a_token_lets_the_form_through(client: TestClient) -> None:
    answer = client.post("/token", data={"token": "x"}, follow_redirects=False)
    assert answer.status_code == 303
    assert "set-cookie" not in answer.headers
