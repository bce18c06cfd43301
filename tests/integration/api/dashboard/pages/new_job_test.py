"""The page of a new job over HTTP: what it starts from, and what an estimate says there."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from api.app import create_app
from api.dashboard.examples import EXAMPLES
from service.settings import Settings
from service.storage import jobs as job_rows
from service.storage.database import Database
from service.validation import parse
from tests.support import seeding
from tests.support.datasets import making
from tests.support.estimates import COST, dispatch, measure
from tests.support.specs import JSON, PHOTOS, SPHERE, changed, submit


def _shown(page: str) -> str:
    """Return the text in the form."""
    (text,) = re.findall(r"<textarea id=\"spec\"[^>]*>(.*?)</textarea>", page, re.DOTALL)
    return html.unescape(str(text))


def _chosen(page: str) -> str:
    (name,) = re.findall(r'<option value="(\w+)" selected>', page)
    return str(name)


def _ask(client: TestClient, body: object = PHOTOS) -> Response:
    return client.post("/jobs/estimate", content=json.dumps(body), headers=JSON)


def test_it_is_filled_with_the_demo_and_offers_every_example(client: TestClient) -> None:
    page = client.get("/jobs/new").text
    assert json.loads(_shown(page)) == EXAMPLES[0].spec
    assert _chosen(page) == EXAMPLES[0].name
    found = dict(re.findall(r'<template data-start="(\w+)">(.*?)</template>', page, re.DOTALL))
    assert found.keys() == {*(example.name for example in EXAMPLES), "folder"}
    for example in EXAMPLES:
        assert json.loads(html.unescape(found[example.name])) == example.spec
    first = client.get("/").text
    assert 'href="./jobs/new"' in first
    for example in EXAMPLES:
        assert f'href="./jobs/new?template={example.name}"' in first
        started = client.get("/jobs/new", params={"template": example.name}).text
        assert _chosen(started) == example.name


def test_it_starts_from_a_job(client: TestClient) -> None:
    body = {**PHOTOS, "name": seeding.HOSTILE, "resources": {"pack_width": "auto"}}
    job_id = submit(client, body)
    assert f'href="../jobs/new?from={job_id}"' in client.get(f"/jobs/{job_id}").text
    page = client.get("/jobs/new", params={"from": job_id}).text
    assert _chosen(page) == "job"
    assert "<img src=x" not in page
    assert parse.parse(json.loads(_shown(page))) == parse.parse(body)


def test_a_job_on_a_stored_set_is_submitted_again_as_it_is_shown(client: TestClient) -> None:
    content = making.zipped(making.class_files(12))
    stored = client.post("/v1/datasets", params={"name": "pets"}, content=content).json()["id"]
    page = client.get("/jobs/new", params={"dataset": stored}).text
    assert _chosen(page) == "stored"
    assert "Train on the data set pets (stored:1)" in page
    shown = json.loads(_shown(page))
    assert shown["task"] == {"kind": "classification", "dataset": "stored:1"}
    job_id = submit(client, shown)
    again = json.loads(_shown(client.get("/jobs/new", params={"from": job_id}).text))
    assert again["task"]["dataset"] == "stored:1"
    specs = [
        client.get(f"/v1/jobs/{made}").json()["spec"] for made in (job_id, submit(client, again))
    ]
    assert specs[0] == specs[1]
    # Without being named, the newest set is offered.
    assert 'data-start="stored"' in client.get("/jobs/new").text


def test_a_job_that_would_be_refused_by_now_is_shown_as_it_is_stored(
    client: TestClient, sqlite_database: Database
) -> None:
    job_id = submit(client, PHOTOS)
    with sqlite_database.write() as session:
        old = job_rows.get(session, job_id).spec
        job_rows.set_spec(session, job_id, {**old, "network": {"kind": "gone"}})
    shown = json.loads(_shown(client.get("/jobs/new", params={"from": job_id}).text))
    assert shown["network"] == {"kind": "gone"}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        *(({"from": 7}, 404), ({"dataset": 7}, 404), ({"from": "x"}, 422), ({"dataset": 0}, 422)),
        ({"template": "<b>"}, 404),
    ],
)
def test_what_is_not_there_is_told(client: TestClient, query: dict[str, Any], status: int) -> None:
    assert client.get("/jobs/new", params=query).status_code == status


def test_an_estimate_is_measured_and_then_shown(
    client: TestClient, sqlite_database: Database
) -> None:
    me = dispatch(sqlite_database, memory_bytes=10**9)
    first = _ask(client)
    assert (first.status_code, first.headers["retry-after"]) == (202, "2")
    assert 'data-state="measuring"' in first.text
    assert "A worker measures what a training of this job takes." in first.text
    assert "20 trainings, 80 epochs" in first.text
    measure(sqlite_database, me)
    answer = _ask(client)
    assert answer.status_code == 200
    words = " ".join(re.sub(r"<[^>]*>", " ", answer.text).split())
    # 20 trainings of 5.5 s; five rounds of them on four workers
    assert "From start to end about 28 s" in words
    assert "4 workers, all for this job" in words
    assert "All trainings together 1 min 50 s" in words
    assert "300 MB a worker 1.2 GB in all, of 1 GB" in words
    assert "Searches 10 4 5.5 s" in words
    assert "Final evaluation 8 4 5.5 s" in words
    assert "All 20 80 1 min 50 s" in words
    assert "All workers together may need more memory than the cluster has." in words
    assert "Money" not in words
    assert client.get("/v1/jobs").json()["items"] == []


def test_an_estimate_in_packs_and_money(settings: Settings, sqlite_database: Database) -> None:
    priced = settings.model_copy(update={"price_per_cpu_hour": 36.0, "currency": "CHF"})
    app = create_app(priced, sqlite_database)
    with TestClient(app, base_url="http://localhost") as client:
        me = dispatch(sqlite_database)
        body = changed("/resources", {"pack_width": "auto"})
        _ask(client, body)
        measure(sqlite_database, me, COST)
        page = _ask(client, body).text
        assert "4 candidates at once on a worker" in page
        assert "CHF" in page
        exact = SPHERE | {"task": SPHERE["task"] | {"sleep_s": 100.0}}
        assert "<dd>6.00 CHF</dd>" in _ask(client, exact).text


def test_a_failed_measurement_and_no_dispatcher_are_told(
    client: TestClient, sqlite_database: Database
) -> None:
    lonely = _ask(client)
    assert lonely.status_code == 202
    assert "No dispatcher is running" in lonely.text
    assert "spinner" not in lonely.text
    function = _ask(client, SPHERE)
    assert "no workers yet" in function.text
    me = dispatch(sqlite_database)
    _ask(client)
    measure(sqlite_database, me, "ValueError: no such <network>")
    failed = _ask(client)
    assert failed.status_code == 200
    assert 'data-state="failed"' in failed.text
    assert "no such &lt;network&gt;" in failed.text


@pytest.mark.parametrize(
    ("content", "status", "pointer"),
    [
        (json.dumps(changed("/training/lr", -1.0)), 422, "/training/lr"),
        ('{"name": 1,}', 400, ""),
        ('{"name": "a", "name": "b"}', 400, "/name"),
    ],
)
def test_what_is_wrong_is_a_problem_with_its_place(
    client: TestClient, content: str, status: int, pointer: str
) -> None:
    answer = client.post("/jobs/estimate", content=content, headers=JSON)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_another_sites_page_cannot_ask(client: TestClient) -> None:
    headers = JSON | {"origin": "http://evil.example"}
    answer = client.post("/jobs/estimate", content=json.dumps(PHOTOS), headers=headers)
    assert answer.status_code == 403
