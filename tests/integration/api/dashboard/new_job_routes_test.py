"""The form of a new job over HTTP, as a browser without scripts sends it."""

from __future__ import annotations

import json
import re
from html import unescape
from urllib.parse import urlencode

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from api.app import create_app
from service.settings import Settings
from service.storage.database import Database
from tests.support.datasets import making
from tests.support.specs import PHOTOS, SPHERE

FUNCTION = {
    "/name": "<script>alert(1)</script> \u05e9\u05dc\u05d5\u05dd \U0001f600",
    "/task/kind": "function",
    "/task/name": "sphere",
    "/task/dimension": "3",
    "/samplers/4/name": "random",
    "/samplers/4/batch_size": "",
    "/budget/n_trials": "5",
    "key": "abc",
}


def send(client: TestClient, **changes: str) -> Response:
    data = {**FUNCTION, **changes}
    return client.post("/jobs/new", data=data, follow_redirects=False)


def names(client: TestClient) -> list[str]:
    return [job["name"] for job in client.get("/v1/jobs").json()["items"]]


def test_a_form_sent_twice_is_one_job_and_a_changed_one_is_another(client: TestClient) -> None:
    first, again = send(client), send(client)
    assert (first.status_code, first.headers["location"]) == (303, "./1")
    assert again.headers["location"] == "./1"
    assert names(client) == [FUNCTION["/name"]]
    spec = client.get("/v1/jobs/1").json()["spec"]
    assert spec["task"]["dimension"] == 3
    assert [one["name"] for one in spec["samplers"]] == ["random"]
    assert send(client, **{"/budget/n_trials": "6"}).headers["location"] == "./2"
    page = client.get("/jobs/1").text
    assert "<script>alert" not in page


def test_faults_are_in_place_and_nothing_typed_is_lost(client: TestClient) -> None:
    answer = send(
        client,
        **{"/task/dimension": "-1", "/search": "[1,", "/budget/n_trials": "many", "/made/up": "1"},
        other="2",
    )
    assert answer.status_code == 422
    page = answer.text
    # What is no JSON is said before anything else is looked at.
    assert 'id="fault-at/search-0"' in page
    assert re.search(r'name="/search"[^>]*>\n?\[1,<', page)
    answer = send(client, **{"/task/dimension": "-1", "/budget/n_trials": "many", "/made/up": "1"})
    page = answer.text
    for pointer, value in (("/task/dimension", "-1"), ("/budget/n_trials", "many")):
        (field,) = re.findall(rf'<input [^>]*name="{pointer}"[^>]*>', page)
        assert 'aria-invalid="true"' in field
        assert f'value="{value}"' in field
        assert f'id="fault-at{pointer}-0"' in page
        assert f"fault-at{pointer}-0" in field
    assert 'name="/made"' in page
    assert "There is no such field." in page
    assert 'name="key" value="abc"' in page
    assert "<script>alert" not in page
    assert names(client) == []


def test_another_kind_shows_its_fields_and_submits_nothing(client: TestClient) -> None:
    answer = send(client, **{"/task/kind": "denoising", "do": "show"})
    assert answer.status_code == 200
    assert 'name="/task/noise_sigma"' in answer.text
    assert 'name="/task/dimension"' not in answer.text
    assert "aria-invalid" not in answer.text
    assert names(client) == []


def test_a_kind_that_is_chosen_again_has_what_was_typed(client: TestClient) -> None:
    shown = {"do": "show", "key": "k", "/name": "x", "/task/dimension": "7"}
    page = client.post("/jobs/new", data={**shown, "/task/kind": "denoising"}).text
    (kept,) = re.findall(r'name="kept" value="([^"]*)"', page)
    again = {"do": "show", "key": "k", "/name": "x", "kept": unescape(kept)}
    page = client.post("/jobs/new", data={**again, "/task/kind": "function"}).text
    (field,) = re.findall(r'<input [^>]*name="/task/dimension"[^>]*>', page)
    assert 'value="7"' in field
    assert 'name="kept"' not in page


def test_the_json_is_sent_without_scripts_too(client: TestClient) -> None:
    data = {"spec": json.dumps(SPHERE), "key": "k"}
    assert client.post("/jobs/new", data=data, follow_redirects=False).status_code == 303
    for text in ("{", "[]", '{"name": 1, "name": 2}', json.dumps({**SPHERE, "x": 1})):
        answer = client.post("/jobs/new", data={"spec": text}, follow_redirects=False)
        assert answer.status_code == 422
        assert 'name="/name"' in answer.text


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (urlencode({"/name": "x" * 10_000_000}), {}, 413),
        (urlencode(FUNCTION), {"origin": "http://evil.example"}, 403),
        (urlencode(FUNCTION), {"sec-fetch-site": "cross-site"}, 403),
        (json.dumps(SPHERE), {"content-type": "application/json"}, 415),
        ("a=%ff", {}, 400),
    ],
    ids=["10 MB", "origin", "cross-site", "JSON", "no UTF-8"],
)
def test_what_is_refused_is_said_on_a_page(
    client: TestClient, content: str, headers: dict[str, str], status: int
) -> None:
    sent = {"content-type": "application/x-www-form-urlencoded", "accept": "text/html"} | headers
    answer = client.post("/jobs/new", content=content, headers=sent, follow_redirects=False)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert names(client) == []


def test_stored_sets_that_fit_are_offered_with_picture_and_warnings(client: TestClient) -> None:
    empty = client.get("/jobs/new", params={"template": "folder"}).text
    assert 'id="folder-notice"' in empty
    assert 'href="../datasets#adding"' in empty
    content = making.zipped(making.class_files(12))
    params = {"name": "<i>pets</i>"}
    stored = client.post("/v1/datasets", params=params, content=content).json()["id"]
    page = client.get("/jobs/new", params={"template": "folder"}).text
    assert 'id="folder-notice"' not in page
    assert '<option value="stored:1" data-token="&#34;stored:1&#34;" selected>' in page
    assert f'src="../v1/datasets/{stored}/preview"' in page
    assert "<i>pets" not in page
    for warning in client.get(f"/v1/datasets/{stored}").json()["warnings"]:
        assert warning in page
    other = client.post("/jobs/form", json=PHOTOS).text
    assert "stored:1" in other  # any pictures can be denoised
    body = {**PHOTOS, "task": {"kind": "image_to_image"}}
    assert "No stored data set fits this task." in client.post("/jobs/form", json=body).text
    gone = {**PHOTOS, "task": {"kind": "denoising", "dataset": "stored:7"}}
    answer = client.post("/jobs/form", json=gone).text
    assert 'id="fault-at/task/dataset-0"' in answer


def test_a_form_of_anything_is_a_form_or_a_refusal(client: TestClient) -> None:
    for body in ({}, {"task": 3, "samplers": {"a": 1}, "controls": [[], 1, {"name": []}]}):
        answer = client.post("/jobs/form", json=body)
        assert answer.status_code == 200
        assert 'data-valid="no"' in answer.text
    assert client.post("/jobs/form", json=[1]).status_code == 422
    many = client.post("/jobs/form", json={f"k{i}": i for i in range(5000)})
    assert (many.status_code, "submit this spec as JSON" in many.text) == (400, True)


@pytest.mark.parametrize("kind", [["a"], {}, {"b": [1]}, 1.5])
def test_a_kind_that_is_no_text_is_a_fault_at_the_kind(client: TestClient, kind: object) -> None:
    for name in ("task", "network"):
        answer = client.post("/jobs/form", json={**PHOTOS, name: {"kind": kind}})
        assert answer.status_code == 200
        assert f'id="fault-at/{name}/kind-0"' in answer.text


def test_an_unknown_member_is_a_fault_in_place(client: TestClient) -> None:
    body = {**PHOTOS, "network": {"kind": "small_cnn", "nonsense": 1}}
    assert 'id="fault-at/network/nonsense-0"' in client.post("/jobs/form", json=body).text


def test_a_kind_that_is_sent_as_a_list_is_a_fault(client: TestClient) -> None:
    data = {"/name": "a", "/task/kind/0": "denoising"}
    answer = client.post("/jobs/new", data=data)
    assert answer.status_code == 422
    assert 'id="fault-at/task/kind-0"' in answer.text


def test_a_list_with_too_many_rows_is_one_field(client: TestClient) -> None:
    answer = client.post("/jobs/form", json={**PHOTOS, "samplers": ["tpe"] * 2_000})
    assert 'id="fault-at/samplers-0"' in answer.text
    assert 'name="/samplers/0/name"' not in answer.text


def test_refusals_of_forms_speak_of_forms(client: TestClient) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded", "accept": "text/html"}
    answer = client.post("/jobs/new", content="/name=a&/name=b", headers=headers)
    assert answer.status_code == 400
    assert "is sent more than once" in answer.text
    assert "JSON" not in answer.text.partition("<main")[2]


def test_the_texts_to_copy_have_the_public_address(
    settings: Settings, sqlite_database: Database
) -> None:
    public = settings.model_copy(update={"public_url": "https://lab.example/densearch/"})
    with TestClient(create_app(public, sqlite_database), base_url="http://localhost") as client:
        assert "https://lab.example/densearch/v1/jobs" in client.get("/jobs/new").text
    with TestClient(create_app(settings, sqlite_database), base_url="http://localhost") as client:
        assert "curl --fail-with-body http://localhost/v1/jobs" in client.get("/jobs/new").text
