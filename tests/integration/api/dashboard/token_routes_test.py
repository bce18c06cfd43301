"""The page that asks for the token: the cookie that it gives, and where it leads."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from tests.support.guarded import BROWSER, TOKEN
from tests.support.pages import ADDRESS
from tests.support.specs import SPHERE


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


def test_a_server_without_a_token_lets_the_form_through(client: TestClient) -> None:
    answer = client.post("/token", data={"token": "x"}, follow_redirects=False)
    assert answer.status_code == 303
    assert "set-cookie" not in answer.headers
