"""Every kind of bad input gets a problem that points to the field, and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.integration.api.specs import JSON, PHOTOS, SPHERE, changed

NAN, INF = float("nan"), float("inf")


def _problem(answer: Any, status: int, slug: str) -> dict[str, Any]:  # noqa: ANN401 - httpx2's
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["type"] == f"/problems/{slug}"
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    return body


def _nothing_was_stored(client: TestClient) -> None:
    assert client.get("/v1/jobs").json() == {"items": []}


@pytest.mark.parametrize(
    ("pointer", "value", "hint"),
    [
        ("/colour", 1, "no such field"),
        ("/network/colour", 1, "no such field"),
        ("/samplers/1/colour", 1, "no such field"),
        ("/seed", "one", "integer"),
        ("/seed", 1.5, "integer"),
        ("/seed", True, "integer"),
        ("/training", [], "object"),
        ("/training/lr", NAN, "finite"),
        ("/training/lr", INF, "finite"),
        ("/training/lr", 10**400, "number"),
        ("/density/bounds/0/1", NAN, "finite"),
        ("/density/bounds/0", [2.0, 0.0], "not below"),
        ("/density/bounds/0", [1.0, 1.0], "not below"),
        ("/density/bounds/0", [1.0], "2 items"),
        ("/density/bounds", [[0.0, 1.0], [0.0, 1.0]], "1 free value"),
        ("/network/kernel_size", 4, "odd"),
        ("/network/kind", "vgg", "dncnn"),
        ("/task/kind", "segmentation", "denoising"),
        ("/task/dataset", "imagenet", "photos"),
        ("/samplers/0/name", "dirct", "direct_l"),
        ("/samplers/0/options", {"a/b": 1}, "no such option"),
        ("/samplers/0/options", {"magic_eps": NAN}, "must be"),
        ("/samplers", [], "at least 1"),
        ("/samplers/1", "direct_l", "twice"),
        ("/controls/0", "mean", "uniform"),
        ("/budget/n_trials", 0, "greater than or equal to 1"),
        ("/budget/n_trials", 10**9, "100000"),
        ("/name", "two\nlines", "one line"),
        ("/name", "nul\0", "printable"),
        ("/diverged_value", 0.0, "above 0"),
        ("/search", {"depth": {"low": 1, "high": 2}}, "cannot be searched"),
    ],
)
def test_a_wrong_field_is_pointed_to(
    client: TestClient, pointer: str, value: object, hint: str
) -> None:
    answer = client.post("/v1/jobs", content=json.dumps(changed(pointer, value)), headers=JSON)
    body = _problem(answer, 422, "invalid-spec")
    places = {"/samplers/0/options": 1, "/search": 1, "/samplers/1": 1}
    if pointer in places:
        assert body["pointer"].startswith(f"{pointer}/")
    else:
        assert body["pointer"] == pointer
    assert body["errors"][0]["pointer"] == body["pointer"]
    assert hint in body["errors"][0]["detail"]
    _nothing_was_stored(client)


def test_a_search_of_categories_is_refused_where_the_sampler_cannot(client: TestClient) -> None:
    spec = changed("/search", {"lr": {"choices": [0.01, 0.1]}})
    body = _problem(client.post("/v1/jobs", json=spec), 422, "invalid-spec")
    assert body["pointer"] == "/samplers/0/name"
    assert "direct_l" in body["detail"]
    _nothing_was_stored(client)


def test_everything_wrong_is_told_at_once(client: TestClient) -> None:
    spec = {**PHOTOS, "seed": -1, "budget": {"n_trials": 0}, "colour": 1}
    body = _problem(client.post("/v1/jobs", json=spec), 422, "invalid-spec")
    assert {e["pointer"] for e in body["errors"]} == {"/seed", "/budget/n_trials", "/colour"}


@pytest.mark.parametrize("body", [b"", b"{", b'{"name": "\xff"}', b'{"name": "a", "name": "b"}'])
def test_what_is_not_json_is_refused(client: TestClient, body: bytes) -> None:
    found = _problem(client.post("/v1/jobs", content=body, headers=JSON), 400, "malformed-body")
    assert found["errors"]
    _nothing_was_stored(client)


@pytest.mark.parametrize("body", [b"[]", b"null", b"3", b'"job"'])
def test_json_that_is_no_object_is_refused(client: TestClient, body: bytes) -> None:
    answer = client.post("/v1/jobs", content=body, headers=JSON)
    assert _problem(answer, 422, "invalid-spec")["pointer"] == ""


def test_ten_megabytes_are_refused(client: TestClient) -> None:
    answer = client.post("/v1/jobs", content=b" " * 10_000_000, headers=JSON)
    assert _problem(answer, 413, "body-too-large")["pointer"] == ""
    _nothing_was_stored(client)


def test_a_body_without_a_declared_length_is_counted(client: TestClient) -> None:
    read = 0

    def chunks() -> Iterator[bytes]:
        nonlocal read
        for _ in range(100):
            read += 1
            yield b" " * 100_000

    answer = client.post("/v1/jobs", content=chunks(), headers=JSON)
    assert "content-length" not in answer.request.headers
    _problem(answer, 413, "body-too-large")


def test_a_body_of_another_type_is_refused(client: TestClient) -> None:
    for media_type in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = client.post("/v1/jobs", content=b"{}", headers={"content-type": media_type})
        _problem(answer, 415, "unsupported-media-type")


@pytest.mark.parametrize("key", [b"", b"x" * 256, b"tab\tbed", b"\xe9"])
def test_an_idempotency_key_is_short_and_printable(client: TestClient, key: bytes) -> None:
    answer = client.post("/v1/jobs", json=SPHERE, headers=[(b"idempotency-key", key)])
    body = _problem(answer, 422, "invalid-parameter")
    assert body["errors"][0]["in"] == "header"
    assert body["errors"][0]["parameter"] == "idempotency-key"
    _nothing_was_stored(client)


def test_an_idempotency_key_belongs_to_one_body(both: TestClient) -> None:
    headers = {"idempotency-key": "a key, 1"}
    first = both.post("/v1/jobs", json=SPHERE, headers=headers)
    again = both.post("/v1/jobs", json={**SPHERE, "seed": 0}, headers=headers)
    assert first.status_code == again.status_code == 202
    assert again.headers["location"] == first.headers["location"]
    other = both.post("/v1/jobs", json={**SPHERE, "seed": 1}, headers=headers)
    assert _problem(other, 409, "idempotency-conflict")["pointer"] == ""
    assert len(both.get("/v1/jobs").json()["items"]) == 1


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/v1/jobs?limit=0", "limit"),
        ("/v1/jobs?limit=201", "limit"),
        ("/v1/jobs?limit=many", "limit"),
        ("/v1/jobs?state=ASLEEP", "state"),
        ("/v1/jobs?name=%00", "name"),
        ("/v1/jobs?stat=RUNNING", "stat"),
        ("/v1/jobs?cursor=0", "cursor"),
        ("/v1/jobs/0", "job_id"),
        ("/v1/jobs/-1", "job_id"),
        ("/v1/jobs/one", "job_id"),
        ("/v1/jobs/9223372036854775808", "job_id"),
        ("/v1/jobs/1/trials?limit=1001", "limit"),
        ("/v1/jobs/1/trials?phase=test", "phase"),
        ("/v1/jobs/1/events?last_event_id=-1", "last_event_id"),
        ("/v1/densities/1?format=pickle", "format"),
    ],
)
def test_a_wrong_parameter_is_named(client: TestClient, path: str, parameter: str) -> None:
    body = _problem(client.get(path), 422, "invalid-parameter")
    assert body["errors"][0]["parameter"] == parameter


MISSING = (
    "/v1/nothing",
    "/v1/jobs/7",
    "/v1/jobs/9223372036854775807",
    "/v1/jobs/7/studies",
    "/v1/jobs/7/trials",
    "/v1/jobs/7/events",
    "/v1/jobs/7/densities",
    "/v1/jobs/7/artifacts",
    "/v1/jobs/7/report",
    "/v1/trials/7",
    "/v1/trials/7/measurements",
    "/v1/densities/7",
    "/v1/artifacts/7",
    "/problems/nothing",
)


def test_what_is_not_there_is_a_problem_too(both: TestClient) -> None:
    for path in MISSING:
        _problem(both.get(path), 404, "not-found")


def test_a_wrong_method_is_told_the_right_ones(client: TestClient) -> None:
    answer = client.delete("/v1/jobs")
    _problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET, POST"
