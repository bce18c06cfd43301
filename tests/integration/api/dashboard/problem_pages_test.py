"""Who follows an address that is refused sees a page, with the status of the refusal."""

from __future__ import annotations

import json
import re
from urllib.parse import urljoin

import pytest
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from api.dashboard.problem_pages import page_of
from tests.support.pages import ADDRESS
from tests.support.specs import JSON

# As Chromium sends it for a page, and for the request of a script.
BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"}
SCRIPT = {"accept": "*/*"}
REFUSED = [
    ("GET", "/nope", 404, "Check the address"),
    ("GET", "/jobs/a%2Fb/c", 404, "Check the address"),
    ("GET", "/jobs/abc", 422, "must be a whole number"),
    ("GET", "/jobs/0", 422, "greater than or equal to 1"),
    ("GET", "/?state=NOPE", 422, "RUNNING"),
    ("GET", "/jobs/new?from=x", 422, "must be a whole number"),
    ("GET", "/v1/jobs/7", 404, "there is no job 7"),
    ("GET", "/v1/datasets/7/preview", 404, "There is no data set 7"),
    ("GET", "/static/none.js", 404, "none.js"),
    ("GET", "/problems/none", 404, "There is no problem"),
    ("POST", "/", 405, "is not allowed"),
    ("DELETE", "/datasets", 405, "is not allowed"),
    ("POST", "/v1/jobs", 415, "Content-Type: application/json"),
]


def test_a_person_gets_a_page_and_a_script_json(client: TestClient) -> None:
    for method, path, status, words in REFUSED:
        page = client.request(method, path, headers=BROWSER)
        data = client.request(method, path, headers=SCRIPT)
        assert page.status_code == data.status_code == status, path
        assert data.headers["content-type"] == "application/problem+json"
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert words.lower() in page.text.lower()
        assert data.json()["title"].split("'")[0] in page.text
        assert page.headers["vary"].lower() == "accept"
        for name in ("content-security-policy", "x-request-id", "x-content-type-options"):
            assert name in page.headers
        assert page.headers.get("allow") == data.headers.get("allow")
        # The style sheet is found from where the browser believes to be.
        style = re.search(r'href="([^"]*style\.css[^"]*)"', page.text)
        assert style is not None
        assert client.get(urljoin(f"{ADDRESS}{path}", style[1])).status_code == 200


def test_a_body_that_is_too_large_is_refused_in_words(client: TestClient) -> None:
    headers = {**BROWSER, **JSON, "content-length": str(10**12)}
    page = client.post("/v1/jobs", content=b"{}", headers=headers)
    assert page.status_code == 413
    assert "DENSEARCH_MAX_BODY_BYTES" in page.text
    assert page.text.startswith("<!doctype html>")


def test_another_host_is_refused_in_words(client: TestClient) -> None:
    page = client.get("/", headers={**BROWSER, "host": "elsewhere.example"})
    assert page.status_code == 421
    assert "DENSEARCH_ALLOWED_HOSTS" in page.text
    assert page.text.startswith("<!doctype html>")


@pytest.mark.parametrize(("error", "status"), [(OperationalError, 503), (ValueError, 500)])
def test_a_server_that_fails_says_so_and_offers_another_try(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, error: type[Exception], status: int
) -> None:
    def fail(*_: object, **__: object) -> None:
        if error is OperationalError:
            raise OperationalError("SELECT secret", {}, Exception("refused"))
        raise error("secret")

    monkeypatch.setattr("service.storage.job_pages.page", fail)
    page = client.get("/", headers=BROWSER)
    assert page.status_code == status
    assert "secret" not in page.text
    assert page.headers["x-request-id"] in page.text
    assert 'href="">Try again' in page.text
    assert page.headers.get("retry-after") == ("5" if status == 503 else None)


def test_a_head_request_has_no_body(client: TestClient) -> None:
    head = client.head("/nope", headers=BROWSER)
    assert (head.status_code, head.content) == (404, b"")
    assert head.headers["content-type"] == "text/html; charset=utf-8"


def test_a_page_that_is_there_is_passed_on(client: TestClient) -> None:
    assert "No jobs yet" in client.get("/", headers=BROWSER).text
    assert client.get("/v1/jobs", headers=BROWSER).json()["items"] == []


def test_what_is_refused_is_text_and_never_markup() -> None:
    entries = [{"entry": f"<img src={n}>", "detail": "<script>\u202e"} for n in range(70)]
    document = {
        "type": "/problems/invalid-dataset", "title": "<b>", "status": 422, "detail": "<i>",
        "errors": entries, "n_errors": 1234,
    }  # fmt: skip
    shown = page_of(json.loads(json.dumps(document)), "/datasets", "r1", can_retry=False)
    main = shown.partition("<main")[2]
    assert not re.search(r"<(img|script|b|i)[ >]", main)
    assert "\u202e" not in main
    assert main.count("<li>") == 51
    assert "errors" not in main
    assert "and 1\u202f184 more" in main


@pytest.mark.parametrize(
    "address", ["/jobs/999", "/jobs/999/search", "/compare?jobs=9,10", "/datasets/99", "/guide/no"]
)
@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("application/json", "application/problem+json"),
        ("text/html;q=0.5, application/json", "application/problem+json"),
        ("*/*", "text/html; charset=utf-8"),
        ("text/html, */*;q=0.8", "text/html; charset=utf-8"),
    ],
)
def test_a_page_that_is_not_there_answers_in_what_is_preferred(
    client: TestClient, address: str, accept: str, media_type: str
) -> None:
    answer = client.get(address, headers={"accept": accept})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == media_type
